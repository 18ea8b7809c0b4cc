from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.triggers.triggers_fire,
        (
            "items",
            ["a", "b"],
            ["c"],
            200,
            "keeper",
            True,
            True,
        ),
        "triggers-fire",
        False,
        'the fill fires triggers of "items": a, once a row, 200 rows in all; b, once a row, 200 rows in all; c, '
        "once for each 2,000 rows or fewer",
        "queues fill and columns such as updated_at move, because this role may not set session_replication_role.",
        "--quiet-triggers disables them in each transaction that fills rows, while writers of the table wait; or "
        'let a superuser run GRANT SET ON PARAMETER session_replication_role TO "keeper" beforehand, and '
        "they stay quiet",
    ),
    (
        hazards.triggers.triggers_fire,
        (
            "items",
            ["a"],
            [],
            200,
            "keeper",
            False,
            False,
        ),
        "triggers-fire",
        False,
        'the fill fires triggers of "items": a, once a row, 200 rows in all',
        "queues fill and columns such as updated_at move, because this role may not set session_replication_role.",
        'ALTER TABLE "items" DISABLE TRIGGER ... for that time, and ENABLE TRIGGER ... afterward',
    ),
    (
        hazards.triggers.triggers_always_fire,
        (
            "sales",
            "items",
            ["a"],
            ["c"],
            200,
            True,
        ),
        "triggers-always-fire",
        False,
        'the fill fires triggers of "items" that are ENABLE ALWAYS or REPLICA: a, once a row, 200 rows in all; c, '
        "once for each 2,000 rows or fewer",
        "queues fill and columns such as updated_at move; ordinary triggers stay quiet.",
        "if that does harm: --quiet-triggers disables them in each transaction that fills rows, while writers of the "
        'table wait; or ALTER TABLE "sales"."items" ENABLE TRIGGER ... for that time makes them ordinary ones',
    ),
    (
        hazards.triggers.trigger_refuses_updates,
        (
            "items_1",
            [("sales", "items", "append_only"), ("archive", "items_1", "touch")],
            "items is append-only",
            "keeper",
            True,
        ),
        "trigger-refuses-updates",
        True,
        'a trigger of "items_1" refuses an update that changes nothing: items is append-only; it is append_only or '
        "touch",
        "the fill updates every row, and would fail after everything was embedded.",
        "--quiet-triggers disables it in each transaction that fills rows, while writers of the table wait; or ALTER "
        'TABLE "sales"."items" DISABLE TRIGGER "append_only" or ALTER TABLE "archive"."items_1" DISABLE TRIGGER '
        '"touch" for the time of the upgrade; or let a superuser run GRANT SET ON PARAMETER session_replication_role '
        'TO "keeper" beforehand, and it stays quiet',
    ),
    (
        hazards.triggers.trigger_refuses_updates,
        ("items", [("sales", "items", "append_only")], "items is append-only", None, False),
        "trigger-refuses-updates",
        True,
        'a trigger of "items" refuses an update that changes nothing: items is append-only; it is append_only',
        "the fill updates every row, and would fail after everything was embedded.",
        'ALTER TABLE "sales"."items" DISABLE TRIGGER "append_only" for the time of the upgrade',
    ),
    (
        hazards.triggers.triggers_write_other_tables,
        ("sales", "items", ["count", "touch"], ["public.topics"], True),
        "triggers-write-other-tables",
        True,
        'the fill fires triggers of "items" that write to what the text reads: public.topics; it is one of count, '
        "touch",
        "that is locked against writes from fill to cut-over, so that the fill would wait for migrator itself.",
        "--quiet-triggers disables them in each transaction that fills rows, while writers of the table wait; or "
        'ALTER TABLE "sales"."items" DISABLE TRIGGER ... for the time of the upgrade',
    ),
    (
        hazards.triggers.rows_notified,
        ("public", "items", "tell", 8_000),
        "rows-notified",
        True,
        'trigger "tell" on "items" sends whole rows by pg_notify',
        "from fill until migrator retire a row has both vectors, which are longer than the 8,000 bytes that PostgreSQL "
        "sends, and writes that fire the trigger would fail.",
        "name the columns in its function, without the vector; or do without it until then: "
        'ALTER TABLE "public"."items" DISABLE TRIGGER "tell"',
    ),
    (
        hazards.triggers.rows_copied,
        (
            "sales",
            "items",
            "keep",
            "INSERT INTO history SELECT OLD.*",
        ),
        "rows-copied",
        True,
        'trigger "keep" on "items" inserts whole rows into another table: INSERT INTO history SELECT OLD.*',
        "from fill until migrator retire a row has a column more, and writes that fire the trigger would fail.",
        'name the columns in its function; or do without it until then: ALTER TABLE "sales"."items" DISABLE TRIGGER '
        '"keep"',
    ),
    (
        hazards.triggers.vectors_copied,
        ("sales", "items", "keep", "old", "items_history", "embedding", 768, "extensions.halfvec"),
        "vectors-copied",
        True,
        'trigger "keep" on "items" works with vectors in old.items_history.embedding, which has the old dimensions',
        "from cut-over on it would give it vectors of 768, and every write that fires it would fail.",
        'let that column take both: ALTER TABLE "old"."items_history" ALTER COLUMN "embedding" TYPE '
        "extensions.halfvec; or let that column change at the same time, by op.change_embeddings; or do without the "
        'trigger until it is changed: ALTER TABLE "sales"."items" DISABLE TRIGGER "keep"',
    ),
    (
        hazards.triggers.vectors_copied,
        ("sales", "items", "keep", "old", "items_history", "embedding", 768, None),
        "vectors-copied",
        True,
        'trigger "keep" on "items" works with vectors in old.items_history.embedding, which has the old dimensions',
        "from cut-over on it would give it vectors of 768, and every write that fires it would fail.",
        "let that column change at the same time, by op.change_embeddings; or do without the trigger until it is "
        'changed: ALTER TABLE "sales"."items" DISABLE TRIGGER "keep"',
    ),
    (
        hazards.triggers.trigger_sorts_last,
        (
            "sales",
            "items",
            "~~late",
        ),
        "trigger-sorts-last",
        True,
        'trigger "~~late" on "items" would run after migrator\'s own',
        "a text that it rewrites would keep a stale vector.",
        'rename it for the time of the upgrade: ALTER TRIGGER "~~late" ON "sales"."items" RENAME TO ...',
    ),
    (
        hazards.triggers.capture_was_off,
        (["public.items", "public.old_items"],),
        "capture-was-off",
        False,
        "since the upgrade there is no capture trigger, or it was disabled or altered, on public.items, "
        "public.old_items",
        "writes were not tracked in that time, so some stale vectors may not be marked.",
        "nothing to do: each old vector is compared with the backup, and embedded again where it is not there",
    ),
    (
        hazards.triggers.waits_for_fill,
        (SUBJECT,),
        "rows-wait-for-fill",
        False,
        "the table of public.items.embedding has row-level security",
        "until the upgrade is done, a row that a role subject to the policies inserts, or gives another text, has no "
        "new vector before migrator fills the row: a vector that is there at once would show that another row, which "
        "this role may not see, has the same text. The same holds for a role that has no SELECT on the table.",
        "nothing, where few such rows are written; above 100 between two fills the cut-over does not begin, so choose "
        "a quiet time",
    ),
    (
        hazards.triggers.capture_of_another_owner,
        (SUBJECT, "migrator.capture_1()", "former", "app"),
        "capture-of-another-owner",
        True,
        'the capture trigger of public.items.embedding runs with the rights of "former", and the table belongs to '
        '"app"',
        '"former" may see by it what is written to the table, and could have changed which old vectors count as stale.',
        "DROP FUNCTION migrator.capture_1() CASCADE; each old vector is then compared with the backup, and embedded "
        "again where it is not there",
    ),
    (
        hazards.triggers.text_functions_of_others,
        (SUBJECT, {"public.doc_text(text)": "writer"}, "owner", "migrator"),
        "text-functions-of-others",
        True,
        "the text or scope of public.items.embedding calls functions that are neither its table's owner's nor a "
        "superuser's: public.doc_text(text) (of writer)",
        'they run with the rights of "owner" whenever somebody writes to the table, and with those of "migrator" while '
        "migrator works, so that who replaces one could do whatever these roles may.",
        'ALTER FUNCTION public.doc_text(text) OWNER TO "owner"',
    ),
    (
        hazards.triggers.text_functions_of_owner,
        (SUBJECT, ["public.doc_text(text)"], "owner", "postgres"),
        "text-functions-of-owner",
        False,
        '"postgres" runs functions of "owner" for the text or scope of public.items.embedding: public.doc_text(text)',
        '"owner" owns the table, and by replacing one could do whatever "postgres" may, while migrator works.',
        'upgrade as "owner"; or ALTER FUNCTION ... OWNER TO "postgres"',
    ),
]
