"""Of roles: whose code would run with whose rights, and whose the ledger is."""

from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import Row

AS_LEDGER = (
    '"keepers" cannot log in: connect as a login role that is a member of it and no superuser, and take its role: '
    "migrator --database-url postgresql://LOGIN@HOST/DATABASE?options=-crole%3Dkeepers ..."
)

TEXTS: list[Row] = [
    (
        hazards.rights.owner_has_fewer_rights,
        ("public.items", "app", True, "postgres", ["superuser"]),
        "owner-has-fewer-rights",
        True,
        'public.items belongs to "app", and this session is "postgres", a superuser',
        'triggers, checks and other functions of "app" would run with the rights of "postgres", after SET ROLE too.',
        'connect as "app": migrator --database-url postgresql://app@HOST/DATABASE ...',
    ),
    (
        hazards.rights.owner_has_fewer_rights,
        ("public.items", "keepers", False, "ops", ["pg_read_server_files", "pg_write_server_files"]),
        "owner-has-fewer-rights",
        True,
        'public.items belongs to "keepers", and this session is "ops", who has the rights of pg_read_server_files, '
        "pg_write_server_files",
        'triggers, checks and other functions of "keepers" would run with the rights of "ops", after SET ROLE too.',
        AS_LEDGER,
    ),
    (
        hazards.rights.owner_runs_code,
        ({"public.items": "app", "public.items_2024": "archive"}, "ops", ["ops", "pg_read_all_data"]),
        "owner-runs-code",
        False,
        'public.items belongs to "app", public.items_2024 belongs to "archive", and this session is "ops"',
        "triggers, checks and other functions of the owner run with the rights of ops, pg_read_all_data.",
        'connect as "app", unless that owner may have these rights',
    ),
    (
        hazards.rights.functions_of_lesser_roles,
        ("work on public.items", {"app.guard(text)": "app"}, "postgres", ["superuser"]),
        "functions-of-lesser-roles",
        True,
        'work on public.items calls functions of roles with fewer rights than this session: app.guard(text) (of "app")',
        'they would run with the rights of "postgres", a superuser.',
        'read what they do, then ALTER FUNCTION app.guard(text) OWNER TO "postgres"; or let a role own the table that '
        "has no more rights than these, and connect as it",
    ),
    (
        hazards.rights.functions_of_other_roles,
        ("work on public.items", {"app.guard(text)": "app", "app.told(text)": "app"}, "ops"),
        "functions-of-other-roles",
        False,
        'work on public.items calls functions that belong neither to "ops" nor to a superuser: app.guard(text) (of '
        '"app"), app.told(text) (of "app")',
        'they run with the rights of "ops"; whoever owns a function can replace it.',
        'read what they do, then ALTER FUNCTION app.guard(text) OWNER TO "ops"; ALTER FUNCTION app.told(text) OWNER TO '
        '"ops"',
    ),
    (
        hazards.rights.schemas_of_lesser_roles,
        ({"app": "app", "public": "shop"}, "postgres", ["superuser"]),
        "schemas-of-lesser-roles",
        True,
        'the search_path has schemas in which roles with fewer rights than this session may create: app ("app"), '
        'public ("shop")',
        "a function or operator of theirs could be taken for PostgreSQL's own, and would run with the rights of "
        '"postgres", a superuser.',
        'connect as the table\'s owner; or let nobody else create there: REVOKE CREATE ON SCHEMA "app" FROM "app"; '
        'REVOKE CREATE ON SCHEMA "public" FROM "shop", or from PUBLIC, or give the schema another owner: ALTER SCHEMA '
        '... OWNER TO "postgres"',
    ),
    (
        hazards.rights.ledger_of_another,
        ("owner", True, "app"),
        "ledger-of-another-role",
        True,
        'the schema "migrator" belongs to "owner", and role "app" is at work',
        "ledger, backups, embedding stores and functions belong to one role, so that this role can undo all of it.",
        'connect as "owner": migrator --database-url postgresql://owner@HOST/DATABASE ...; or let a superuser give the '
        'ledger to "app": psql -v owner=app -f hand_over.sql',
    ),
    (
        hazards.rights.owner_out_of_reach,
        ("table", "items", "shop", "app"),
        "owner-out-of-reach",
        True,
        'table items belongs to "shop" by now, and role "app", at work, may not act as that role',
        "only the owner can finish, or undo, what was begun there.",
        'GRANT "shop" TO "app"; or give it back until that is done: ALTER TABLE items OWNER TO "app"',
    ),
    (
        hazards.rights.ledger_of_another,
        ("a@b/c?d", True, "app; reboot"),
        "ledger-of-another-role",
        True,
        'the schema "migrator" belongs to "a@b/c?d", and role "app; reboot" is at work',
        "ledger, backups, embedding stores and functions belong to one role, so that this role can undo all of it.",
        'connect as "a@b/c?d": migrator --database-url postgresql://a%40b%2Fc%3Fd@HOST/DATABASE ...; or let a '
        "superuser give the ledger to \"app; reboot\": psql -v owner='app; reboot' -f hand_over.sql",
    ),
    (
        hazards.rights.ledger_owner_has_fewer_rights,
        ("the app's", False, "postgres", ["superuser"]),
        "ledger-owner-has-fewer-rights",
        True,
        'the schema "migrator" belongs to "the app\'s", and this session is "postgres", a superuser',
        'texts, scopes, models and definitions that "the app\'s" can write there would be used with the rights of '
        '"postgres".',
        AS_LEDGER.replace('"keepers"', '"the app\'s"').replace("keepers", "the%5C%20app%27s"),
    ),
    (
        hazards.rights.ledger_owner_has_fewer_rights,
        ("keepers", False, "postgres", ["superuser"]),
        "ledger-owner-has-fewer-rights",
        True,
        'the schema "migrator" belongs to "keepers", and this session is "postgres", a superuser',
        'texts, scopes, models and definitions that "keepers" can write there would be used with the rights of '
        '"postgres".',
        AS_LEDGER,
    ),
    (
        hazards.rights.ledger_with_others_objects,
        ("app", ["view migrator.run", "trigger seen on table migrator.change"]),
        "ledger-with-others-objects",
        True,
        'the schema "migrator" of "app" holds what migrator did not make: view migrator.run, trigger seen on table '
        "migrator.change",
        "reading or writing the ledger could run code of whoever made it.",
        "look at each; what belongs to nobody is dropped, and what is yours is moved: ALTER ... SET SCHEMA ...",
    ),
]
