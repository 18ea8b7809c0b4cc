from __future__ import annotations

from pathlib import Path

from migrator import hazards
from tests.unit.hazards.row import SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.texts.text_does_not_parse,
        (
            "from_text",
            "lower(body",
            "syntax error",
        ),
        "text-does-not-parse",
        True,
        "from_text='lower(body' is not an SQL expression over the row: syntax error",
        "the texts to embed cannot be read.",
        "correct it; try it with SELECT expression FROM table LIMIT 1",
    ),
    (
        hazards.texts.names_gone,
        ("sales.items.embedding", "sales", "items", 'column "body" does not exist'),
        "names-gone",
        True,
        'what the ledger says of sales.items.embedding does not fit its table any more: column "body" does not exist',
        "what text or scope name was renamed, dropped or given another type since the upgrade.",
        'give it its name or its type back, at least for that time: ALTER TABLE "sales"."items" RENAME COLUMN ... TO '
        "..., or ALTER COLUMN ... TYPE ... USING ...",
    ),
    (
        hazards.texts.text_is_not_text,
        (
            "from_text",
            "id",
            "bigint",
        ),
        "text-is-not-text",
        True,
        "from_text='id' gives bigint, not text",
        "a model reads text.",
        "write a cast if that is what you mean: from_text='(id)::text'",
    ),
    (
        hazards.texts.text_is_not_text,
        (
            "text",
            "metadata->'text'",
            "jsonb",
        ),
        "text-is-not-text",
        True,
        "text=\"metadata->'text'\" gives jsonb, not text",
        "a model reads text.",
        "ask for the field's text: text=\"metadata->>'text'\"",
    ),
    (
        hazards.texts.no_text,
        (SUBJECT,),
        "no-text",
        True,
        "the revision names no text for public.items.embedding",
        "another model needs the texts to embed.",
        'write text="an SQL expression over the row", such as text="content"; vectors of images or sound are not '
        "migrator's to make",
    ),
    (
        hazards.texts.whole_row_text,
        (
            "from_text",
            "items::text",
        ),
        "whole-row-text",
        True,
        "from_text='items::text' gives something else once the table has another column",
        "it would change for every row when the shadow column appears.",
        "name the columns: from_text=\"concat_ws(' ', title, body)\"",
    ),
    (
        hazards.texts.text_not_by_columns,
        (
            "from_text",
            "public.items.body",
            "invalid reference",
        ),
        "text-not-by-columns",
        True,
        "from_text='public.items.body' cannot be evaluated for a row by itself: invalid reference",
        "the trigger that captures writes sees the row's columns, and neither the whole row nor other tables.",
        "name the columns, without schema: from_text=\"concat_ws(' ', title, body)\"",
    ),
    (
        hazards.texts.text_not_by_columns,
        ("where", "public.items.id > 3", "invalid reference"),
        "text-not-by-columns",
        True,
        "where='public.items.id > 3' cannot be evaluated for a row by itself: invalid reference",
        "the trigger that captures writes sees the row's columns, and neither the whole row nor other tables.",
        "name the columns, without schema: where=\"tenant = 'acme'\"",
    ),
    (
        hazards.texts.operator_by_search_path,
        ("text", "NULLIF(title, '')", "it finds public.=(public.citext,public.citext)"),
        "operator-by-search-path",
        True,
        "text=\"NULLIF(title, '')\" means something else without the search path: it finds "
        "public.=(public.citext,public.citext)",
        "the trigger that captures writes follows no search path, so that nobody else decides which function or "
        "operator a name means, and IS DISTINCT FROM, NULLIF, CASE x WHEN and JOIN USING cannot name the schema of the "
        "operator that they use.",
        "write the comparison with an operator and its schema, as in a OPERATOR(public.=) b; or cast to a type of "
        "PostgreSQL's own, as in a::text",
    ),
    (
        hazards.texts.generated_by_search_path,
        (SUBJECT, "whole", "it finds public.=(public.citext,public.citext)"),
        "generated-by-search-path",
        True,
        'the text of public.items.embedding reads the generated column "whole", whose expression means something else '
        "without the search path: it finds public.=(public.citext,public.citext)",
        "the trigger that captures writes follows no search path, so that nobody else decides which function or "
        "operator a name means.",
        "name in text= the columns that the expression reads, instead of the generated column",
    ),
    (
        hazards.texts.function_by_search_path,
        (
            "text",
            "told(body)",
            "function trimmed(text) does not exist",
            ["public.told(text)"],
            ["My app", "public"],
        ),
        "function-by-search-path",
        True,
        "text='told(body)' calls a function that looks names up by the search path: function trimmed(text) does not "
        "exist",
        "the trigger that captures writes follows no search path, so that nobody else decides which function or "
        "operator a name means.",
        'give the function a search path of its own: ALTER FUNCTION public.told(text) SET search_path = "My app", '
        '"public", pg_temp',
    ),
    (
        hazards.texts.text_reads_other_tables,
        (
            "from_text",
            "(SELECT ...)",
            ["public.topics", "public.users"],
        ),
        "text-reads-other-tables",
        True,
        "from_text='(SELECT ...)' reads other tables: public.topics, public.users",
        "online, a write to them changes texts of rows that are not written themselves, which nothing would see.",
        "upgrade in a window, without --online, where they are locked against writes; or copy what is needed into a "
        "column of the table, kept there by the application or a trigger, and name that",
    ),
    (
        hazards.texts.where_reads_tables,
        (
            "id IN (SELECT ...)",
            ["topics"],
        ),
        "where-reads-tables",
        True,
        "where='id IN (SELECT ...)' reads tables: topics",
        "a write to them moves rows that are not written themselves into scope or out of it, which nothing would see.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    ),
    (
        hazards.texts.where_reads_vector,
        (
            "public.items.embedding",
            '"public"."items"',
            "vector_dims(embedding) = 384",
        ),
        "where-reads-vector",
        True,
        "where='vector_dims(embedding) = 384' reads the column that changes, public.items.embedding",
        "a row would leave the scope with its old vector, and whether it lacks a new one could not be told.",
        "tell the rows apart by another column, and write rows with that; where there is none, such as: "
        'ALTER TABLE "public"."items" ADD COLUMN embedding_model text; '
        'UPDATE "public"."items" SET embedding_model = \'the old model\' WHERE vector_dims(embedding) = 384',
    ),
    (
        hazards.texts.text_reads_unlockable,
        (
            "from_text",
            "(SELECT ...)",
            "public.topics",
            "it is a materialized view",
        ),
        "text-reads-unlockable",
        True,
        "from_text='(SELECT ...)' reads public.topics, and it is a materialized view",
        "it cannot be locked against writes, which change texts of rows that are not written themselves.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    ),
    (
        hazards.texts.other_tables_locked,
        (
            "public.items.embedding",
            ["public.topics", "public.users"],
            [],
        ),
        "other-tables-locked",
        False,
        "the text of public.items.embedding reads other tables: public.topics, public.users",
        "they are locked from fill to cut-over: writes to them wait. After it a write there changes texts of rows that "
        "are not written themselves, and makes their vectors stale.",
        "let the application embed such rows again, as after any edit of a text; or have migrator backfill do it",
    ),
    (
        hazards.texts.other_tables_locked,
        ("public.items.embedding", ["public.topics"], ["count", "touch"]),
        "other-tables-locked",
        False,
        "the text of public.items.embedding reads other tables: public.topics",
        "they are locked from fill to cut-over: writes to them wait, and so do writes to the table whose triggers "
        "write to them (it has count, touch). After it a write there changes texts of rows that are not written "
        "themselves, and makes their vectors stale.",
        "let the application embed such rows again, as after any edit of a text; or have migrator backfill do it",
    ),
    (
        hazards.texts.row_function,
        (
            "from_text",
            "as_json(items)",
            "as_json",
            "it uses $1 as a whole",
        ),
        "row-function",
        True,
        "from_text='as_json(items)' calls as_json() with the row, and it uses $1 as a whole",
        "its value may change when the shadow column appears, or differ while a write is captured.",
        "in a function in SQL or PL/pgSQL name each column that it reads, as in doc.title; or name the columns in "
        "from_text=",
    ),
    (
        hazards.texts.text_writes,
        (
            "from_text",
            "body || counted()",
            "cannot execute nextval() in a read-only transaction",
        ),
        "text-writes",
        True,
        "from_text='body || counted()' has side effects: cannot execute nextval() in a read-only transaction",
        "it is evaluated for every row, several times, and in the application's transactions.",
        "name a function that only reads, or columns",
    ),
    (
        hazards.texts.changes_by_itself,
        (
            "from_text",
            "now()::text",
            ["now()"],
        ),
        "text-changes-by-itself",
        True,
        "from_text='now()::text' gives another value each time it is asked, by now()",
        "vectors are found by their texts and rows by where=, and either would be another a moment later.",
        "leave that out, or keep its value in a column of the table and name the column",
    ),
    (
        hazards.texts.text_follows_surroundings,
        (SUBJECT, ["current_database()", "regclass"]),
        "text-follows-surroundings",
        True,
        "the text or scope of public.items.embedding depends on more than the row: current_database(), regclass",
        "its value changes with the session, the server or the name of an object, and no row is written then.",
        "leave that out, or keep its value in a column of the table and name the column",
    ),
    (
        hazards.texts.settings_not_declared,
        (SUBJECT, ["app.tenant", "app.user"]),
        "settings-not-declared",
        True,
        "the text or scope of public.items.embedding reads settings that the revision does not declare: app.tenant, "
        "app.user",
        "each session may have another value, which changes texts although no row is written.",
        'name each in the revision, with the variable that holds its value: settings={"app.tenant": "env:APP_TENANT"}; '
        "or keep the value in a column of the table and name the column",
    ),
    (
        hazards.texts.scope_does_not_parse,
        (
            "priority",
            "urgent",
            "column does not exist",
        ),
        "scope-does-not-parse",
        True,
        "priority='urgent' is not an SQL condition over the row: column does not exist",
        "the rows in scope cannot be told.",
        "correct it; try it with SELECT count(*) FROM table WHERE condition",
    ),
    (
        hazards.texts.relevant_does_not_parse,
        ("topik", "column does not exist"),
        "relevant-does-not-parse",
        True,
        "relevant='topik' is not an SQL expression over the row: column does not exist",
        "whether a row that a query finds is relevant cannot be told.",
        "correct it in verify=Verify(...); try it with SELECT expression FROM table LIMIT 1",
    ),
    (
        hazards.texts.no_file_of_queries,
        (Path("queries.jsonl"), "No such file or directory"),
        "no-file-of-queries",
        True,
        "the file of queries queries.jsonl cannot be read: No such file or directory",
        "the two models cannot be compared by it.",
        "correct queries= in the revision; the path starts from the directory of alembic.ini",
    ),
    (
        hazards.texts.not_a_query,
        (Path("queries.jsonl"), 3),
        "not-a-query",
        True,
        "line 3 of queries.jsonl is not a query",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}',
    ),
    (
        hazards.texts.no_query,
        (Path("queries.jsonl"),),
        "no-query",
        True,
        "queries.jsonl has no query, or one without anything relevant",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}, the list not empty',
    ),
    (
        hazards.texts.no_relevant_key,
        ("public.items.embedding",),
        "no-relevant-key",
        True,
        "the table of public.items.embedding has no key of one column to tell relevant rows by",
        "the file of queries names relevant rows by such a key, unless the revision says otherwise.",
        'write verify=Verify(..., relevant="an SQL expression") in the revision',
    ),
]
