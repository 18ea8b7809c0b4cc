from __future__ import annotations

from migrator import hazards
from tests.unit.hazards.row import SUBJECT, Row

TEXTS: list[Row] = [
    (
        hazards.dependents.dependent_not_carried,
        (
            SUBJECT,
            "function first()",
        ),
        "dependent-not-carried",
        True,
        "function first() depends on public.items.embedding and cannot be carried over",
        "it would stay bound to the old column after cut-over.",
        "drop it before the upgrade, and create it again afterwards",
    ),
    (
        hazards.dependents.materialized_views,
        (SUBJECT, ["public.near", "public.far"]),
        "materialized-view-as-of",
        False,
        "materialized views read public.items.embedding: public.near, public.far",
        "each is filled a second time before cut-over, which takes its room on disk again, and swapped; after cut-over "
        "one with a unique index on columns is refreshed concurrently; others lack what was written since their fill.",
        "refresh the others afterwards: REFRESH MATERIALIZED VIEW",
    ),
    (
        hazards.dependents.materialized_view_does_not_fit,
        (SUBJECT, "index b of materialized view public.a", "there is no operator class"),
        "materialized-view-does-not-fit",
        True,
        "index b of materialized view public.a cannot be made again over the new vectors of public.items.embedding: "
        "there is no operator class",
        "it would fail before cut-over, after everything was embedded.",
        "drop it before the upgrade, and create one that fits afterwards",
    ),
    (
        hazards.dependents.dependent_on_view,
        ("view public.near", "function public.nearest(vector)"),
        "dependent-on-view",
        True,
        "function public.nearest(vector) depends on view public.near, which reads the column",
        "the view is dropped and made again at cut-over, which that would prevent.",
        "drop it before the upgrade, and create it again afterwards",
    ),
    (
        hazards.dependents.dependent_does_not_fit,
        (SUBJECT, "constraint a on table public.items", "(public.vector_norm(embedding) > 0)", "there is none"),
        "dependent-does-not-fit",
        True,
        "constraint a on table public.items cannot be made again on the new column of public.items.embedding, as "
        "(public.vector_norm(embedding) > 0): there is none",
        "it would fail at cut-over.",
        "change it before the upgrade so that it holds for old and new vectors, or drop it",
    ),
    (
        hazards.dependents.query_does_not_fit,
        (SUBJECT, "view public.near", "operator does not exist: app.key = app.key"),
        "query-does-not-fit",
        True,
        "view public.near reads public.items.embedding and cannot be made again: operator does not exist: "
        "app.key = app.key",
        "it was tried in a transaction that was rolled back; at cut-over it would fail.",
        "drop it before the upgrade, and create it again afterwards; if an operator is not found, put its "
        "schema on the search_path of the role that upgrades instead",
    ),
    (
        hazards.dependents.rows_violate_check,
        ("sales", "items", "long", 3),
        "rows-violate-check",
        True,
        'CHECK "long" on "items" is NOT VALID, and violated by 3 rows',
        "PostgreSQL refuses every update of such a row, that which fills its shadow column too.",
        'correct those rows, or drop the check: ALTER TABLE "sales"."items" DROP CONSTRAINT "long"',
    ),
    (
        hazards.dependents.dimensions_rewritten,
        (SUBJECT, ["constraint a: (public.vector_dims(embedding) = 768)"]),
        "dimensions-rewritten",
        False,
        "what speaks of the old dimensions of public.items.embedding is made again with the new ones: constraint a: "
        "(public.vector_dims(embedding) = 768)",
        "as it is, it would hold for no new vector; a downgrade brings the old text back.",
        "nothing to do where that is what it means; otherwise change it beforehand",
    ),
    (
        hazards.dependents.dimensions_not_allowed,
        (
            SUBJECT,
            "constraint a on table public.items",
            "(public.vector_dims(embedding) = ANY (ARRAY[384, 1536]))",
            768,
        ),
        "dimensions-not-allowed",
        True,
        "constraint a on table public.items would hold for no new vector of public.items.embedding, as "
        "(public.vector_dims(embedding) = ANY (ARRAY[384, 1536]))",
        "it says how many dimensions a vector may have, and 768 is not among them.",
        "change it before the upgrade so that it allows 768 as well as the old dimensions, or drop it",
    ),
    (
        hazards.dependents.says_dimensions,
        (SUBJECT, "view public.near", 384),
        "dependent-says-dimensions",
        True,
        "view public.near says 384 dimensions, and reads public.items.embedding",
        "made again as it is, it would find no row, or fail over the new vectors.",
        "drop it before the upgrade, and create it afterwards with the new number or with none",
    ),
    (
        hazards.dependents.dimensions_kept,
        (SUBJECT, ["constraint a: (id <> 7 OR public.vector_dims(embedding) < 400)"], 768),
        "dimensions-kept",
        False,
        "what says how many dimensions public.items.embedding may have is made again as it is: constraint a: (id <> 7 "
        "OR public.vector_dims(embedding) < 400)",
        "for some rows it may not hold with vectors of 768: then a CHECK fails the run before cut-over, a policy "
        "hides the row, a trigger does not fire.",
        "look at each; change those that must also accept 768 dimensions before the upgrade",
    ),
    (
        hazards.dependents.function_not_made,
        (SUBJECT, "CREATE FUNCTION a()", "there is none"),
        "function-not-made",
        True,
        "a function that is to change with public.items.embedding cannot be made: there is none (in: CREATE FUNCTION "
        "a())",
        "it was tried in a transaction that was rolled back; it would fail at cut-over.",
        "correct functions= in the revision, or what the function depends on; on a downgrade drop what depends on it",
    ),
    (
        hazards.dependents.functions_by_name,
        (SUBJECT, ["public.a(integer)", "public.b(text)"], "upgrade"),
        "functions-by-name",
        False,
        "functions find public.items.embedding by its name: public.a(integer), public.b(text)",
        "they read the new vectors from cut-over on; one that is made for the old dimensions, or gives the table's "
        "rows column by column, fails from then on, or from fill on.",
        'look at each; what has to change with the column goes into the revision: functions=["CREATE OR REPLACE '
        'FUNCTION ..."]',
    ),
    (
        hazards.dependents.functions_by_name,
        (SUBJECT, ["public.a(integer)"], "downgrade"),
        "functions-by-name",
        False,
        "functions find public.items.embedding by its name: public.a(integer)",
        "they read the old vectors from cut-over on; one that is made for the present dimensions, or gives the table's "
        "rows column by column, fails from then on, or from fill on.",
        "look at each; what has to change with the column is to be replaced right after the downgrade: CREATE OR "
        "REPLACE FUNCTION ...",
    ),
    (
        hazards.dependents.functions_of_old_dimensions,
        (SUBJECT, ["public.a(integer)", "public.b(text) (of another owner)"], 384, 768, "upgrade"),
        "functions-of-old-dimensions",
        False,
        "functions that find public.items.embedding by its name cast to 384 dimensions: public.a(integer), "
        "public.b(text) (of another owner)",
        "their calls fail from cut-over on: expected 384 dimensions, not 768.",
        'each, with 768 dimensions, goes into the revision: functions=["CREATE OR REPLACE FUNCTION ..."]',
    ),
    (
        hazards.dependents.functions_of_old_dimensions,
        (SUBJECT, ["public.a(integer)"], 768, 384, "downgrade"),
        "functions-of-old-dimensions",
        False,
        "functions that find public.items.embedding by its name cast to 768 dimensions: public.a(integer)",
        "their calls fail from cut-over on: expected 768 dimensions, not 384.",
        "each, with 384 dimensions, is to be replaced right after the downgrade: CREATE OR REPLACE FUNCTION ...",
    ),
    (
        hazards.dependents.functions_of_old_row_types,
        (
            SUBJECT,
            {
                "public.a(integer)": "ALTER TYPE public.hit ALTER ATTRIBUTE v TYPE public.vector",
                "public.b()": "ALTER TYPE public.hit ALTER ATTRIBUTE v TYPE public.vector",
            },
            384,
            768,
        ),
        "functions-of-old-row-types",
        False,
        "functions that find public.items.embedding by its name take or give rows whose type says 384 dimensions: "
        "public.a(integer), public.b()",
        "their calls fail from cut-over on, over vectors of 768.",
        "let the type have any, now: ALTER TYPE public.hit ALTER ATTRIBUTE v TYPE public.vector",
    ),
    (
        hazards.dependents.rows_kept_elsewhere,
        (
            "items",
            "column was of table public.versions",
        ),
        "rows-kept-elsewhere",
        True,
        'column was of table public.versions holds rows of "items"',
        "in rows that stand there the vector belongs to the old column: it would be NULL after cut-over, and lost at "
        "retire.",
        "keep them as JSON: ALTER TABLE ... ALTER COLUMN ... TYPE jsonb USING to_jsonb(...)",
    ),
    (
        hazards.dependents.publication_of_all,
        (["a", "b"],),
        "publication-of-all-tables",
        True,
        "publication a, b is FOR ALL TABLES",
        "it would ship migrator's own tables and the shadow column to subscribers, which lack them.",
        "name the published tables: DROP PUBLICATION ...; CREATE PUBLICATION ... FOR TABLE ...",
    ),
    (
        hazards.dependents.published,
        ("sales", "items", ["a", "b"], ["id", "body"], ""),
        "published-table",
        True,
        '"items" is published by a, b',
        "a subscriber without the shadow column would stop applying changes.",
        'publish its columns by name, with its WHERE where it has one: BEGIN; ALTER PUBLICATION "a" DROP TABLE '
        '"sales"."items"; ALTER PUBLICATION "b" DROP TABLE "sales"."items"; ALTER PUBLICATION "a" ADD TABLE '
        '"sales"."items" ("id", "body"); ALTER PUBLICATION "b" ADD TABLE "sales"."items" ("id", "body"); COMMIT; or '
        "take it out until migrator retire, by DROP TABLE alone",
    ),
    (
        hazards.dependents.published,
        ("sales", "items", ["a"], ["id", "body"], "that cannot be"),
        "published-table",
        True,
        '"items" is published by a',
        "a subscriber without the shadow column would stop applying changes.",
        'take it out until migrator retire: ALTER PUBLICATION "a" DROP TABLE "sales"."items"; a list of its columns '
        "will not do: that cannot be",
    ),
    (
        hazards.dependents.published_of_schema,
        ("sales", "items", ["a", "b"]),
        "published-schema",
        True,
        '"items" is published by a, b, FOR TABLES IN SCHEMA',
        "a subscriber without the shadow column would stop applying changes, and such a publication has no lists of "
        "columns.",
        "name its tables instead, this one with its columns: ALTER PUBLICATION ... SET TABLE other, "
        '"sales"."items" (column, ...); or take the schema out until migrator retire: ALTER PUBLICATION ... DROP '
        "TABLES IN SCHEMA ...",
    ),
    (
        hazards.dependents.no_replica_identity,
        ("sales", "items", ["a", "b"]),
        "no-replica-identity",
        True,
        '"items" is published by a, b, and its rows have no replica identity',
        "PostgreSQL refuses every update of such a table, those that fill the shadow column among them.",
        'give it one: a primary key, or ALTER TABLE "sales"."items" REPLICA IDENTITY USING INDEX ...',
    ),
    (
        hazards.dependents.published_updates_refused,
        (
            "sales",
            "items",
            ["a", "b"],
            "Column used in the publication WHERE expression is not part of the replica identity",
        ),
        "published-updates-refused",
        True,
        'PostgreSQL refuses updates of "items", as a, b publishes it: Column used in the publication WHERE expression '
        "is not part of the replica identity",
        "those that fill the shadow column are among them.",
        "let row filter and list of columns go by the replica identity: ALTER PUBLICATION ... SET TABLE ..., or "
        'ALTER TABLE "sales"."items" REPLICA IDENTITY ...',
    ),
    (
        hazards.dependents.published_column,
        ("items", "embedding", ["a", "b"], "vector(768)"),
        "published-column",
        False,
        '"items.embedding" is published by a, b',
        "from cut-over on its subscribers are sent vector(768), which a column of another type does not take: they "
        "stop applying changes.",
        "change the column at each subscriber right before the cut-over (--cutover-file holds it until then), and "
        "back after a downgrade",
    ),
]
