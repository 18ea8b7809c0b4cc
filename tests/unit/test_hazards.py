"""Every hazard's text, whole: what an on-call engineer reads at night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from migrator import Model, hazards
from migrator.hazards import Hazard

MODEL = Model("python:app.models:new", dimensions=768)
SUBJECT = "public.items.embedding"

Row = tuple[Callable[..., Hazard], tuple[object, ...], str, bool, str, str, str]
# A function and its arguments; the hazard's code, whether it refuses, problem, meaning, remedy.
TEXTS: list[Row] = [
    (
        hazards.model_not_there,
        (
            MODEL,
            "there is no such directory",
        ),
        "model-not-there",
        True,
        "model python:app.models:new cannot be loaded: there is no such directory",
        "no vector can be computed without it, so nothing was started.",
        "correct the name, or make the model reachable (a hub name needs the network once; a path must hold a saved "
        "model)",
    ),
    (
        hazards.steps_undo_ordinary,
        ("-1", "0001", "base"),
        "steps-undo-ordinary",
        True,
        "-1 from here undoes revision 0001, in which migrator has no part",
        "its downgrade() may drop tables and what is in them; no upgrade of vectors is undone by it.",
        "if that is meant, name where to go instead of counting: migrator downgrade base",
    ),
    (
        hazards.new_model_not_there,
        ("model python:app.models:new cannot be loaded: there is no module 'app'",),
        "new-model-not-there",
        False,
        "the new model is not to be had here: model python:app.models:new cannot be loaded: there is no module 'app'",
        "its dimensions were taken as they were given; an upgrade is refused where the model cannot be loaded.",
        "correct --to, or make the model loadable where the upgrade will run; a service is called by a plug-in, "
        "python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows one)",
    ),
    (
        hazards.unapplied_revisions,
        (["versions/0003_items.py", "versions/0004_notes.py"],),
        "unapplied-revisions",
        False,
        "there are revisions that this database has not seen yet: versions/0003_items.py, versions/0004_notes.py",
        "the new one comes after them, and what was not said was read from the database as it is before them.",
        "where it is to take the place of one, delete that file and the new one, and run the same command again; else "
        "look whether it still holds after them, or run migrator upgrade first and write the revision then",
    ),
    (
        hazards.refused_as_yet,
        (hazards.standby().refusal(),),
        "refused-as-yet",
        False,
        "as the database is now, preflight would refuse the revision: this server is a standby and takes no writes",
        "the revisions before it may change that.",
        "where they do not: give the primary's address",
    ),
    (
        hazards.model_other_dimensions,
        (
            MODEL,
            512,
        ),
        "model-other-dimensions",
        True,
        "model python:app.models:new gives 512 dimensions, not 768",
        "the column would be made with the wrong length.",
        "say so: dimensions=512 in the revision, --dimensions 512 on the command line",
    ),
    (
        hazards.model_changed,
        (
            "python:app.models:new",
            0.31415,
        ),
        "model-changed",
        True,
        "model python:app.models:new no longer gives the vectors it gave before: its probe texts agree to 0.3141 only",
        "vectors of two models would stand in one column and could not be compared.",
        "load the model that was used before, or give the new one a name of its own in a new revision",
    ),
    (
        hazards.old_model_not_at_hand,
        (
            SUBJECT,
            "model python:app.models:old cannot be loaded: there is no module 'app'",
        ),
        "old-model-not-at-hand",
        False,
        "the model that public.items.embedding is said to hold cannot be used here: model python:app.models:old cannot "
        "be loaded: there is no module 'app'",
        "rows written since the upgrade could not be embedded with it in a rollback: migrator downgrade would refuse, "
        "and the manual rollback would leave them without a vector and list them.",
        "correct from_= of the revision or --from, or make the model loadable where a rollback would run; a service is "
        "called by a plug-in, python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows one)",
    ),
    (
        hazards.old_model_not_downloaded,
        (
            SUBJECT,
            "sentence-transformers:acme/old",
            "acme/old",
        ),
        "old-model-not-downloaded",
        False,
        "the model that public.items.embedding is said to hold, sentence-transformers:acme/old, is on the hub and not "
        "in the local cache",
        "it was not tried, so whether it made these vectors is not known; a rollback would have to download it first.",
        'download it before the window, where a rollback would run: python -c "from sentence_transformers import '
        "SentenceTransformer; SentenceTransformer('acme/old')\"",
    ),
    (
        hazards.old_model_other_dimensions,
        (
            SUBJECT,
            "model python:app.models:old gives 512 dimensions, not 384",
        ),
        "old-model-other-dimensions",
        True,
        "public.items.embedding cannot hold vectors of the model that it is said to hold: model python:app.models:old "
        "gives 512 dimensions, not 384",
        "another model made them, and a rollback would fail for rows written since the upgrade.",
        "name the model that made them, in from_= or --from; where they are the first numbers of longer ones, add "
        "matryoshka=True; where zeros follow shorter ones, padded=True",
    ),
    (
        hazards.old_model_differs,
        (
            SUBJECT,
            "python:app.models:old",
            5,
            0.0312,
        ),
        "old-model-differs",
        False,
        "public.items.embedding embedded again with python:app.models:old agrees with what is stored to 0.03 only "
        "(median cosine of 5 rows)",
        "from_= is probably not the model that made these vectors, or they were made of another text; a rollback would "
        "put vectors of two models, or of two texts, into one column.",
        "correct from_= (name, prompt, revision) in the revision; where they were made of another text than text=, say "
        "it in from_text=; where all is right the vectors are stale, and the upgrade mends that",
    ),
    (
        hazards.over_index_limit,
        (
            "vector",
            3072,
        ),
        "over-index-limit",
        True,
        "vector(3072) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write on="halfvec" in the revision\'s index= (--on halfvec): half precision finds the same rows but for a '
        'few, searched by embedding::halfvec(N); or type="halfvec", which halves the column too',
    ),
    (
        hazards.over_index_limit,
        (
            "vector",
            5000,
        ),
        "over-index-limit",
        True,
        "vector(5000) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with the '
        "rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate it "
        "(matryoshka=True)",
    ),
    (
        hazards.over_index_limit,
        (
            "halfvec",
            5000,
        ),
        "over-index-limit",
        True,
        "halfvec(5000) cannot be indexed: pgvector's limit for halfvec is 4000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write on="bit" in the revision\'s index= (--on bit): searched by binary_quantize(embedding)::bit(N), with the '
        "rows found ranked again by their exact distance; or choose a model of fewer dimensions, or truncate it "
        "(matryoshka=True)",
    ),
    (
        hazards.over_index_limit,
        (
            "bit",
            65000,
        ),
        "over-index-limit",
        True,
        "bit(65000) cannot be indexed: pgvector's limit for bit is 64000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        "choose a model of fewer dimensions, truncate it (matryoshka=True), or write index=None",
    ),
    (
        hazards.several_over_index_limit,
        ("vector", 3_072),
        "several-over-index-limit",
        True,
        "vector(3072) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        'write type="halfvec" in the revision, which halves the column; or drop all vector indexes of the column but '
        "one, which the revision's index= replaces",
    ),
    (
        hazards.several_over_index_limit,
        ("vector", 4_500),
        "several-over-index-limit",
        True,
        "vector(4500) cannot be indexed: pgvector's limit for vector is 2000 dimensions",
        "the index build at the end would fail after everything was embedded.",
        "drop all vector indexes of the column but one, which the revision's index= replaces",
    ),
    (
        hazards.unknown_table,
        (
            None,
            "itmes",
            [("public", "items"), ("public", "users")],
        ),
        "unknown-table",
        True,
        'there is no table "itmes"',
        "this database, or the search path, holds none of that name.",
        'did you mean "items"?',
    ),
    (
        hazards.unknown_table,
        (
            "app",
            "items",
            [("archive", "items")],
        ),
        "unknown-table",
        True,
        'there is no table "app.items"',
        "this database, or the search path, holds none of that name.",
        'the table is in the schema "archive": write schema="archive" in the revision, and '
        "archive.items on the command line",
    ),
    (
        hazards.unknown_table,
        (
            None,
            "xyz",
            [("public", "items"), ("public", "users")],
        ),
        "unknown-table",
        True,
        'there is no table "xyz"',
        "this database, or the search path, holds none of that name.",
        "name one that is there: items, users",
    ),
    (
        hazards.unknown_table,
        (
            "app",
            "items",
            [],
        ),
        "unknown-table",
        True,
        'there is no table "app.items"',
        "this database, or the search path, holds none of that name.",
        "check that the database URL names the right database",
    ),
    (
        hazards.unknown_column,
        (
            "items",
            "embeding",
            ["id", "embedding"],
        ),
        "unknown-column",
        True,
        'table "items" has no column "embeding"',
        "the table has none of that name.",
        'did you mean "embedding"?',
    ),
    (
        hazards.unknown_column,
        ("items", "embedding", []),
        "unknown-column",
        True,
        'table "items" has no column "embedding"',
        "the table has none of that name, nor any column of vectors.",
        "name another table, or bring the column back from a backup of the database where it was dropped",
    ),
    (
        hazards.unknown_column,
        (
            "items",
            "xyz",
            [f"column_{number:02}" for number in range(12)],
        ),
        "unknown-column",
        True,
        'table "items" has no column "xyz"',
        "the table has none of that name.",
        "name one that is there: column_00, column_01, column_02, column_03, column_04, column_05, "
        "column_06, column_07, column_08, column_09, ...",
    ),
    (
        hazards.not_a_vector,
        (
            "items",
            "body",
            "text",
            ["title_embedding", "embedding"],
        ),
        "not-a-vector",
        True,
        'column "items.body" is of type text, not vector or halfvec',
        "only vector columns hold embeddings that can be changed.",
        "name a column that is: embedding, title_embedding",
    ),
    (
        hazards.not_a_vector,
        ("items", "embedding", "bit(384)", []),
        "not-a-vector",
        True,
        'column "items.embedding" is of type bit(384), not vector or halfvec',
        "only vector columns hold embeddings that can be changed.",
        "the table has none that is: name another table",
    ),
    (
        hazards.provider_not_there,
        (Model("openai:text-embedding-3-small", dimensions=1536),),
        "provider-not-there",
        True,
        "model openai:text-embedding-3-small cannot be loaded: this version of migrator has no provider 'openai' yet",
        "no vector can be computed without it, so nothing was started.",
        "let a plug-in of your own call it, and name that: python:PACKAGE.MODULE:FACTORY (docs/how-to/models.md shows "
        "one)",
    ),
    (
        hazards.domain_over_vectors,
        (
            "items",
            "embedding",
            "public.small",
            "vector(384)",
        ),
        "domain-over-vectors",
        True,
        'column "items.embedding" is of the domain public.small, which is over vector(384)',
        "a domain says the dimensions for every column that is of it.",
        'make the column one of vectors: ALTER TABLE "items" ALTER COLUMN "embedding" TYPE vector(384)',
    ),
    (
        hazards.not_a_table,
        (
            "items",
            "v",
        ),
        "not-a-table",
        True,
        '"items" is a view, which migrator cannot change',
        "a column cannot be put beside the live one there.",
        "name the table whose rows it shows; the view is carried over with it",
    ),
    (
        hazards.not_a_table,
        (
            "items",
            "m",
        ),
        "not-a-table",
        True,
        '"items" is a materialised view, which migrator cannot change',
        "a column cannot be put beside the live one there.",
        "name the table whose rows it shows; the view is carried over with it",
    ),
    (
        hazards.not_a_table,
        (
            "items",
            "f",
        ),
        "not-a-table",
        True,
        '"items" is a foreign table, which migrator cannot change',
        "a column cannot be put beside the live one there.",
        "upgrade it in the database that keeps its rows",
    ),
    (
        hazards.plain_inheritance,
        ("items", ["public.things"], ["public.old_items", "public.new_items"]),
        "plain-inheritance",
        True,
        '"items" inherits from public.things and is inherited by public.old_items, public.new_items',
        "the rows of such tables are read together, but their columns, indexes and triggers are each table's own.",
        "make it a partitioned table, or part it for good: ALTER TABLE ... NO INHERIT ...",
    ),
    (
        hazards.typed_table,
        ("items", "public.item"),
        "typed-table",
        True,
        '"items" is a table of type public.item',
        "a column can be put beside the live one only where the table's columns are its own.",
        'ALTER TABLE "items" NOT OF makes them so; nothing else of it changes',
    ),
    (
        hazards.is_a_partition,
        ("items_2025", "public.items"),
        "is-a-partition",
        True,
        '"items_2025" is a partition of public.items',
        "all partitions have the columns of that table, and are upgraded with it.",
        "name public.items instead",
    ),
    (
        hazards.foreign_partitions,
        ("items", ["public.items_2020", "public.items_2021"]),
        "foreign-partition",
        True,
        'partitions of "items" are foreign tables: public.items_2020, public.items_2021',
        "their rows are kept elsewhere, where no vector can be filled in.",
        "detach them for the time of the upgrade, and upgrade them where they are",
    ),
    (
        hazards.partition_differs,
        ("public.items_2025", "embedding", "is NOT NULL"),
        "partition-differs",
        True,
        'column "embedding" of partition public.items_2025 is NOT NULL, unlike that of the table it belongs to',
        "the new column would be alike in all partitions.",
        "make it so now: ALTER TABLE ... ALTER COLUMN ...",
    ),
    (
        hazards.partition_index_alone,
        ("public.items_2025", "items_2025_by_vector"),
        "partition-index-alone",
        True,
        'index "items_2025_by_vector" of partition public.items_2025 belongs to no index of the partitioned table',
        "it would stay behind on the retired column, and that partition would be searched without it.",
        "attach it, with one on every partition: CREATE INDEX ... ON ONLY ...; ALTER INDEX ... ATTACH PARTITION ...; "
        "or drop it",
    ),
    (
        hazards.partitions_together,
        ("items", 12),
        "partitions-together",
        False,
        '"items" has 12 partitions, which begin and end the upgrade together',
        "shadow column, capture trigger and cut-over lock all of them at a time, for milliseconds; until migrator "
        "retire a table without migrator's columns cannot be attached, and one that is detached keeps them.",
        "make new partitions by CREATE TABLE ... PARTITION OF, or LIKE the partitioned table; wait with DETACH until "
        "cut-over is done",
    ),
    (
        hazards.row_security,
        ("items",),
        "row-security",
        True,
        'row-level security on "items" applies to the role that migrator works as',
        "rows that it hides would keep no vector, and the upgrade would look complete.",
        "run migrator as the table's owner without FORCE, as a superuser, or as a role with BYPASSRLS",
    ),
    (
        hazards.generated_column,
        (
            "items",
            "embedding",
        ),
        "generated-column",
        True,
        'column "items.embedding" is generated',
        "PostgreSQL computes its vectors, so there is nothing that a model could fill.",
        "drop the generation expression first: ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION",
    ),
    (
        hazards.dependent_not_carried,
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
        hazards.materialised_views,
        (SUBJECT, ["public.near", "public.far"]),
        "materialised-view-as-of",
        False,
        "materialised views read public.items.embedding: public.near, public.far",
        "each is filled a second time before cut-over, which takes its room on disk again, and swapped; after cut-over "
        "one with a unique index on columns is refreshed concurrently; others lack what was written since their fill.",
        "refresh the others afterwards: REFRESH MATERIALIZED VIEW",
    ),
    (
        hazards.materialised_view_does_not_fit,
        (SUBJECT, "index b of materialised view public.a", "there is no operator class"),
        "materialised-view-does-not-fit",
        True,
        "index b of materialised view public.a cannot be made again over the new vectors of public.items.embedding: "
        "there is no operator class",
        "it would fail before cut-over, after everything was embedded.",
        "drop it before the upgrade, and create one that fits afterwards",
    ),
    (
        hazards.dependent_on_view,
        ("view public.near", "function public.nearest(vector)"),
        "dependent-on-view",
        True,
        "function public.nearest(vector) depends on view public.near, which reads the column",
        "the view is dropped and made again at cut-over, which that would prevent.",
        "drop it before the upgrade, and create it again afterwards",
    ),
    (
        hazards.dependent_does_not_fit,
        (SUBJECT, "constraint a on table public.items", "(public.vector_norm(embedding) > 0)", "there is none"),
        "dependent-does-not-fit",
        True,
        "constraint a on table public.items cannot be made again on the new column of public.items.embedding, as "
        "(public.vector_norm(embedding) > 0): there is none",
        "it would fail at cut-over.",
        "change it before the upgrade so that it holds for old and new vectors, or drop it",
    ),
    (
        hazards.rows_violate_check,
        ("items", "long", 3),
        "rows-violate-check",
        True,
        'CHECK "long" on "items" is NOT VALID, and violated by 3 rows',
        "PostgreSQL refuses every update of such a row, that which fills its shadow column too.",
        'correct those rows, or drop the check: ALTER TABLE "items" DROP CONSTRAINT "long"',
    ),
    (
        hazards.dimensions_rewritten,
        (SUBJECT, ["constraint a: (public.vector_dims(embedding) = 768)"]),
        "dimensions-rewritten",
        False,
        "what speaks of the old dimensions of public.items.embedding is made again with the new ones: constraint a: "
        "(public.vector_dims(embedding) = 768)",
        "as it is, it would hold for no new vector; a downgrade brings the old text back.",
        "nothing is to be done where that is what it means; else change it before the upgrade",
    ),
    (
        hazards.dimensions_not_allowed,
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
        hazards.says_dimensions,
        (SUBJECT, "view public.near", 384),
        "dependent-says-dimensions",
        True,
        "view public.near says 384 dimensions, and reads public.items.embedding",
        "made again as it is, it would find no row, or fail over the new vectors.",
        "drop it before the upgrade, and create it afterwards with the new number or with none",
    ),
    (
        hazards.dimensions_kept,
        (SUBJECT, ["constraint a: (id <> 7 OR public.vector_dims(embedding) < 400)"], 768),
        "dimensions-kept",
        False,
        "what says how many dimensions public.items.embedding may have is made again as it is: constraint a: (id <> 7 "
        "OR public.vector_dims(embedding) < 400)",
        "for some rows it may not hold with vectors of 768: then a CHECK fails the upgrade before cut-over, a policy "
        "hides the row, a trigger does not fire.",
        "look at each; one that is to hold with 768 too has to be changed before the upgrade",
    ),
    (
        hazards.function_not_made,
        (SUBJECT, "CREATE FUNCTION a()", "there is none"),
        "function-not-made",
        True,
        "a function that is to change with public.items.embedding cannot be made: there is none (in: CREATE FUNCTION "
        "a())",
        "it was tried in a transaction that was rolled back; it would fail at cut-over.",
        "correct functions= in the revision, or what the function depends on; on a downgrade drop what depends on it",
    ),
    (
        hazards.functions_by_name,
        (SUBJECT, ["public.a(integer)", "public.b(text)"]),
        "functions-by-name",
        False,
        "functions find public.items.embedding by its name: public.a(integer), public.b(text)",
        "they read the new vectors from cut-over on; one that casts to the old dimensions, or gives the table's rows "
        "column by column, fails from then on, or from fill on.",
        'look at each; what has to change with the column goes into the revision: functions=["CREATE OR REPLACE '
        'FUNCTION ..."]',
    ),
    (
        hazards.several_indexes,
        (
            SUBJECT,
            ["a", "b"],
        ),
        "several-indexes",
        True,
        "public.items.embedding has several vector indexes: a, b",
        "the revision's index= replaces one index, and it is not said which.",
        'write index="same" in the revision, or give no option of the index, to keep them all; or drop those that are '
        "not needed first",
    ),
    (
        hazards.same_column,
        (SUBJECT,),
        "nothing-to-change",
        True,
        "public.items.embedding is already as the revision wants it",
        "model, dimensions, type and index are the same.",
        "remove the operation from the revision, or correct it; another text needs the old one in from_text=",
    ),
    (
        hazards.live_column_differs,
        (
            SUBJECT,
            "vector(384)",
            "vector(256)",
        ),
        "live-column-differs",
        True,
        "public.items.embedding is vector(384), the revision was written for vector(256)",
        "the column changed since the revision was written; its vectors may be of another model.",
        "correct from_= in the revision to what the column holds now, or undo that other change first",
    ),
    (
        hazards.other_model_in_column,
        (
            SUBJECT,
            "python:app.models:new",
            "python:app.models:old",
        ),
        "other-model-in-column",
        True,
        "the ledger says that public.items.embedding holds vectors of python:app.models:new, not of "
        "python:app.models:old",
        "a rollback would restore the wrong model.",
        "name python:app.models:new as the old model, in from_= of the revision or --from; where the ledger has a "
        "wrong name, correct it there: docs/how-to/models.md",
    ),
    (
        hazards.other_text_in_column,
        (SUBJECT, "body", "concat_ws(' ', title, body)"),
        "other-text-in-column",
        False,
        "by the ledger the vectors of public.items.embedding were made of text='body', the revision says "
        "text=\"concat_ws(' ', title, body)\"",
        "a rollback would embed rows written since from another text than before, and a change of index or type alone "
        "leaves the vectors what they are.",
        "write from_text='body' in the revision; where both give the same texts, "
        "from_text=\"concat_ws(' ', title, body)\"",
    ),
    (
        hazards.used_up_columns,
        (
            "items",
            1600,
        ),
        "columns-used-up",
        True,
        '"items" has used 1600 of PostgreSQL\'s 1,600 columns, dropped ones included',
        "the shadow column has no room.",
        "write the table anew (a dump and a restore of it), which frees the dropped ones",
    ),
    (
        hazards.rows_kept_elsewhere,
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
        hazards.rows_copied,
        (
            "items",
            "keep",
            "INSERT INTO history SELECT OLD.*",
        ),
        "rows-copied",
        True,
        'trigger "keep" on "items" inserts whole rows into another table: INSERT INTO history SELECT OLD.*',
        "from fill until migrator retire a row has a column more, and writes that fire the trigger would fail.",
        'name the columns in its function; or do without it until then: ALTER TABLE "items" DISABLE TRIGGER "keep"',
    ),
    (
        hazards.left_by_another,
        (
            'it"ems',
            "migrator_shadow_7",
        ),
        "left-by-another-change",
        True,
        '"it"ems" has a column "migrator_shadow_7" that no unfinished change in the ledger accounts for',
        "it may be the work of a migrator whose ledger was lost.",
        'look at it, then drop it: ALTER TABLE "it""ems" DROP COLUMN "migrator_shadow_7"',
    ),
    (
        hazards.rules_on_table,
        (
            "items",
            ["a", "b"],
        ),
        "rules-on-table",
        True,
        '"items" has rules: a, b',
        "a rule may rewrite the updates that fill the shadow column.",
        'drop the rule for the time of the upgrade: DROP RULE ... ON "items"',
    ),
    (
        hazards.not_a_member,
        (
            "view public.near",
            "owner",
            "app",
        ),
        "not-a-member",
        True,
        'role "app" may not act as "owner", who owns or granted view public.near',
        "it could not be given back as it was after cut-over.",
        'work as a superuser or a member of that role: GRANT "owner" TO "app"',
    ),
    (
        hazards.index_not_carried,
        (
            SUBJECT,
            "near",
            "CREATE INDEX near ON items ...",
        ),
        "index-not-carried",
        True,
        'index "near" on public.items.embedding cannot be carried over: CREATE INDEX near ON items ...',
        "what is not valid, over sparse vectors or the replica identity is not built again.",
        'drop it before the upgrade, and create it again afterwards: DROP INDEX "near"',
    ),
    (
        hazards.index_does_not_fit,
        (
            SUBJECT,
            "near",
            768,
            "index row size 3104 exceeds btree version 4 maximum 2704",
        ),
        "index-does-not-fit",
        True,
        'index "near" on public.items.embedding cannot be built over vectors of 768 dimensions: '
        "index row size 3104 exceeds btree version 4 maximum 2704",
        "the index build would fail after everything was embedded.",
        'drop it before the upgrade, and create one that fits afterwards: DROP INDEX "near"',
    ),
    (
        hazards.index_spans_scope,
        (
            SUBJECT,
            "near",
            "collection_id = 1",
        ),
        "index-spans-scope",
        True,
        'index "near" on public.items.embedding is over vectors of the old dimensions, in the scope collection_id = 1 '
        "and beyond it",
        "after the upgrade they differ in dimensions, and no index can hold both.",
        "make it one index a scope first, each with its condition: CREATE INDEX ... WHERE collection_id = 1; "
        'DROP INDEX "near"',
    ),
    (
        hazards.default_of_other_dimensions,
        (
            SUBJECT,
            "'[1,2]'::vector",
        ),
        "default-of-other-dimensions",
        True,
        "public.items.embedding has the default '[1,2]'::vector, which does not fit the new dimensions",
        "inserts that rely on it would fail after cut-over.",
        "drop the default before the upgrade: ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT",
    ),
    (
        hazards.schema_taken,
        (),
        "schema-taken",
        True,
        'the schema "migrator" is there, without a ledger and with other things',
        "ledger, backups and embedding stores are kept in a schema of that name.",
        'give it another name, where it is the application\'s: ALTER SCHEMA "migrator" RENAME TO ...',
    ),
    (
        hazards.ledger_of_another,
        (
            "owner",
            "app",
        ),
        "ledger-of-another-role",
        True,
        'the schema "migrator" belongs to "owner", whom role "app" may not act as',
        "the ledger can neither be read nor written.",
        'work as that role, or GRANT "owner" TO "app"',
    ),
    (
        hazards.ledger_of_newer,
        (2, 1),
        "ledger-of-newer-version",
        True,
        "the ledger in this database is of version 2, this migrator knows 1",
        "a newer migrator worked here.",
        "work with that newer version, or a later one",
    ),
    (
        hazards.unfinished_other,
        (
            "0002",
            "upgrade",
            "migrator upgrade",
        ),
        "unfinished-other",
        True,
        "the upgrade of revision 0002 is unfinished",
        "one change is carried to its end, or abandoned, before the next begins.",
        "migrator upgrade goes on with it; migrator abandon undoes it",
    ),
    (
        hazards.unfinished_other,
        (
            "0002",
            "downgrade",
            "migrator downgrade -1",
        ),
        "unfinished-other",
        True,
        "the downgrade of revision 0002 is unfinished",
        "one change is carried to its end, or abandoned, before the next begins.",
        "migrator downgrade -1 goes on with it; migrator abandon undoes it",
    ),
    (
        hazards.unfinished_other,
        (
            "0002",
            "upgrade",
            "migrator upgrade",
            False,
        ),
        "unfinished-other",
        True,
        "the upgrade of revision 0002 is unfinished",
        "one change is carried to its end, or abandoned, before the next begins.",
        "migrator abandon undoes it; to go on with it instead, put its file back where migrator upgrade comes to it "
        "first",
    ),
    (
        hazards.begun_in_window_mode,
        ("0002",),
        "begun-in-window-mode",
        True,
        "the upgrade of revision 0002 was begun without --online",
        "it goes on as it was planned: the old index is dropped before fill.",
        "go on without --online; or undo it first, which keeps what was embedded: migrator abandon",
    ),
    (
        hazards.unfinished_differs,
        ("0002",),
        "unfinished-differs",
        True,
        "revision 0002 was edited since its upgrade was interrupted",
        "what is half done was planned from the former text.",
        "put the former text back and run migrator upgrade, or undo what is half done: migrator abandon",
    ),
    (
        hazards.table_replaced,
        (SUBJECT,),
        "table-replaced",
        True,
        "the table of public.items.embedding was dropped or replaced since the run was interrupted",
        "what the ledger knows of it no longer holds.",
        "migrator abandon closes the run; then run the command again",
    ),
    (
        hazards.text_functions_replaced,
        (SUBJECT, ["public.doc_text(text)"]),
        "text-functions-replaced",
        True,
        "functions that the text of public.items.embedding calls were replaced since the run was interrupted: "
        "public.doc_text(text)",
        "the vectors made so far are of the texts that they gave before.",
        "migrator abandon, then run the command again; or put the functions back and go on",
    ),
    (
        hazards.text_functions_of_others,
        (SUBJECT, {"public.doc_text(text)": "writer"}, "owner", "migrator"),
        "text-functions-of-others",
        True,
        "the text or scope of public.items.embedding calls functions that are neither its table's owner's nor a "
        "superuser's: public.doc_text(text) (of writer)",
        'capture runs them with the rights of "migrator" whenever somebody writes to the table, so that who replaces '
        "one could do whatever that role may.",
        'ALTER FUNCTION public.doc_text(text) OWNER TO "owner"',
    ),
    (
        hazards.text_functions_of_owner,
        (SUBJECT, ["public.doc_text(text)"], "owner", "postgres"),
        "text-functions-of-owner",
        False,
        '"postgres" runs functions of "owner" for the text or scope of public.items.embedding: public.doc_text(text)',
        '"owner" owns the table, and by replacing one could do whatever "postgres" may, until migrator retire.',
        'upgrade as "owner"; or ALTER FUNCTION ... OWNER TO "postgres"',
    ),
    (
        hazards.table_renamed_meanwhile,
        (SUBJECT, '"public"."things"'),
        "table-renamed-meanwhile",
        True,
        'the table of public.items.embedding was renamed by others; it is "public"."things" now',
        "what was done so far is kept, but the run cannot go on or be undone under another name.",
        "rename it back, and run the same command again",
    ),
    (
        hazards.nothing_to_restore,
        (SUBJECT,),
        "nothing-to-restore",
        True,
        "the ledger knows no upgrade of public.items.embedding",
        "there is neither a retired column nor a backup to come back from.",
        "write a revision with op.change_embedding back to the old model",
    ),
    (
        hazards.changed_by_another_revision,
        (
            SUBJECT,
            "0003",
            "0002",
        ),
        "changed-by-another-revision",
        True,
        "public.items.embedding was last changed by revision 0003, not by 0002",
        "upgrades are undone in reverse order.",
        "undo 0003 first: migrator downgrade to the revision before it",
    ),
    (
        hazards.retired_already,
        (SUBJECT,),
        "retired-already",
        True,
        "the retired column of public.items.embedding was dropped by migrator retire, and the revision names no text",
        "the old vectors can neither be told from the backup nor embedded again.",
        'write text="an SQL expression over the row" into a revision with op.change_embedding back to the old model',
    ),
    (
        hazards.old_model_gone,
        (SUBJECT, 3, "model python:m:f cannot be loaded: there is no module 'm'"),
        "old-model-gone",
        True,
        "public.items.embedding has 3 texts without a vector of the old model, which is not to be had: "
        "model python:m:f cannot be loaded: there is no module 'm'",
        "without it the rows that hold them would come back without a vector.",
        "make the model reachable, or list these rows and go back: migrator downgrade -1 --without-old-model",
    ),
    (
        hazards.table_renamed,
        (SUBJECT, "archive", "things", "public", "items"),
        "table-renamed",
        True,
        "the table of public.items.embedding is called archive.things since the upgrade",
        "the ledger and the revision know it by its former name.",
        'give it that name for the time of the downgrade: ALTER TABLE "archive"."things" RENAME TO "items"; '
        'ALTER TABLE "archive"."items" SET SCHEMA "public"',
    ),
    (
        hazards.retired_column_gone,
        (SUBJECT, "migrator_retired_1"),
        "retired-column-gone",
        True,
        'the retired column "migrator_retired_1" of public.items.embedding is not there',
        "it was dropped, or the table was made anew, so there are no old vectors to restore.",
        "write a revision with op.change_embedding back to the old model: its store may still hold the vectors",
    ),
    (
        hazards.several_operations,
        ("0002",),
        "several-operations",
        True,
        "revision 0002 holds more than one change of embeddings, or other operations beside it",
        "the change commits by itself, in many transactions; what stands beside it could not be undone with it.",
        "give every other operation a revision of its own, before or after; several columns go into one "
        "op.change_embeddings([...])",
    ),
    (
        hazards.no_columns,
        ("0002",),
        "no-columns",
        True,
        "revision 0002 calls op.change_embeddings without a change",
        "there is nothing to carry out.",
        "give it at least one EmbeddingChange, or leave the call out",
    ),
    (
        hazards.column_twice,
        (SUBJECT,),
        "column-twice",
        True,
        "the revision changes public.items.embedding twice",
        "one cut-over takes a column to one model.",
        "leave one of the two changes out, or give it a revision of its own",
    ),
    (
        hazards.printed_as_sql,
        (),
        "printed-as-sql",
        True,
        "a change of embeddings cannot be printed as an SQL script",
        "which rows and texts there are decides what is done.",
        "migrator upgrade --dry-run shows every statement",
    ),
    (
        hazards.transaction_outside,
        (),
        "transaction-outside",
        True,
        "env.py began a transaction before Alembic did",
        "the change commits many times, which such a transaction would prevent.",
        "in env.py write engine.connect() for engine.begin(), and commit what was executed before "
        "context.begin_transaction()",
    ),
    (
        hazards.no_text_to_restore,
        (
            SUBJECT,
            3,
        ),
        "no-text-to-restore",
        True,
        "the revision names no text for 3 rows of public.items.embedding written since the upgrade",
        "their old vectors cannot be derived from the new ones, and there is no text to embed.",
        'write text="an SQL expression over the row" into the revision that made the change',
    ),
    (
        hazards.text_does_not_parse,
        (
            "lower(body",
            "syntax error",
        ),
        "text-does-not-parse",
        True,
        "text='lower(body' is not an SQL expression over the row: syntax error",
        "the texts to embed cannot be read.",
        "correct it; try it with SELECT expression FROM table LIMIT 1",
    ),
    (
        hazards.text_is_not_text,
        (
            "id",
            "bigint",
        ),
        "text-is-not-text",
        True,
        "text='id' gives bigint, not text",
        "a model reads text.",
        "write a cast if that is what you mean: text='(id)::text'",
    ),
    (
        hazards.no_text,
        (SUBJECT,),
        "no-text",
        True,
        "the revision names no text for public.items.embedding",
        "another model needs the texts to embed.",
        'write text="an SQL expression over the row", such as text="content"',
    ),
    (
        hazards.whole_row_text,
        ("items::text",),
        "whole-row-text",
        True,
        "text='items::text' gives another text once the table has a further column",
        "every text would change when the shadow column appears.",
        "name the columns: text=\"concat_ws(' ', title, body)\"",
    ),
    (
        hazards.text_not_by_columns,
        (
            "public.items.body",
            "invalid reference",
        ),
        "text-not-by-columns",
        True,
        "text='public.items.body' or where= cannot be evaluated for a row by itself: invalid reference",
        "the trigger that captures writes sees the row's columns, and neither the whole row nor other tables.",
        "name the columns, without schema: text=\"concat_ws(' ', title, body)\"",
    ),
    (
        hazards.text_reads_other_tables,
        (
            "(SELECT ...)",
            ["public.topics", "public.users"],
        ),
        "text-reads-other-tables",
        True,
        "text='(SELECT ...)' reads other tables: public.topics, public.users",
        "online, a write to them changes texts of rows that are not written themselves, which nothing would see.",
        "upgrade in a window, without --online, where they are locked against writes; or copy what is needed into a "
        "column of the table, kept there by the application or a trigger, and name that",
    ),
    (
        hazards.where_reads_tables,
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
        hazards.text_reads_unlockable,
        (
            "(SELECT ...)",
            "public.topics",
            "it is a materialised view",
        ),
        "text-reads-unlockable",
        True,
        "text='(SELECT ...)' reads public.topics, and it is a materialised view",
        "it cannot be locked against writes, which change texts of rows that are not written themselves.",
        "copy what is needed into a column of the table, kept there by the application or a trigger, and name that",
    ),
    (
        hazards.other_tables_locked,
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
        hazards.other_tables_locked,
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
        hazards.triggers_write_other_tables,
        ("items", ["count", "touch"], ["public.topics"]),
        "triggers-write-other-tables",
        True,
        'the fill fires triggers of "items" that write to what the text reads: public.topics; it is one of count, '
        "touch",
        "that is locked against writes from fill to cut-over, so that the fill would wait for migrator itself.",
        'ALTER TABLE "items" DISABLE TRIGGER ... for the time of the upgrade',
    ),
    (
        hazards.changes_by_itself,
        (
            "now()::text",
            ["now()"],
        ),
        "text-changes-by-itself",
        True,
        "text='now()::text' or where= gives another value each time it is asked, by now()",
        "a vector is found by its text, and the text would be another one a moment later.",
        "leave that out, or keep its value in a column of the table and name the column",
    ),
    (
        hazards.scope_does_not_parse,
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
        hazards.relevant_does_not_parse,
        ("topik", "column does not exist"),
        "relevant-does-not-parse",
        True,
        "relevant='topik' is not an SQL expression over the row: column does not exist",
        "whether a row that a query finds is relevant cannot be told.",
        "correct it in verify=Verify(...); try it with SELECT expression FROM table LIMIT 1",
    ),
    (
        hazards.may_not_create_in,
        ("app", "robot"),
        "may-not-create-in-schema",
        True,
        'role "robot" may not create anything in the schema "app"',
        "the new index could not be built beside the table, nor the old one again.",
        'GRANT CREATE ON SCHEMA "app" TO "robot"',
    ),
    (
        hazards.open_schemas,
        (["My schema", "public"],),
        "open-schema",
        True,
        "schemas of the search path let everybody create functions: My schema, public",
        "the trigger that captures writes runs with the rights of the role that upgrades; a function of somebody "
        "else's would run with them.",
        'REVOKE CREATE ON SCHEMA "My schema", "public" FROM PUBLIC',
    ),
    (
        hazards.no_file_of_queries,
        (Path("queries.jsonl"), "No such file or directory"),
        "no-file-of-queries",
        True,
        "the file of queries queries.jsonl cannot be read: No such file or directory",
        "the two models cannot be compared by it.",
        "correct queries= in the revision; the path starts from the directory of alembic.ini",
    ),
    (
        hazards.not_a_query,
        (Path("queries.jsonl"), 3),
        "not-a-query",
        True,
        "line 3 of queries.jsonl is not a query",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}',
    ),
    (
        hazards.no_query,
        (Path("queries.jsonl"),),
        "no-query",
        True,
        "queries.jsonl has no query, or one without anything relevant",
        "the two models cannot be compared by it.",
        'write each line as {"query": "...", "relevant": ["...", ...]}, the list not empty',
    ),
    (
        hazards.no_relevant_key,
        ("public.items.embedding",),
        "no-relevant-key",
        True,
        "the table of public.items.embedding has no key of one column to tell relevant rows by",
        "the file of queries names relevant rows by such a key, unless the revision says otherwise.",
        'write verify=Verify(..., relevant="an SQL expression") in the revision',
    ),
    (
        hazards.no_row_has_text,
        ("public.items.embedding", "payload->>'txt'", 600),
        "no-row-has-text",
        True,
        "text=\"payload->>'txt'\" gives no row in scope of public.items.embedding a text, and 600 rows hold vectors",
        "every vector in scope would be given up, and none come in its place.",
        "correct text=; try it with SELECT expression FROM table LIMIT 1",
    ),
    (
        hazards.vectors_given_up,
        ("public.items.embedding", 1_300, 2),
        "vectors-given-up",
        False,
        "rows of public.items.embedding that hold a vector end without one: 1,300 out of scope, 2 in scope without a "
        "text",
        "no search by vector finds them, until a downgrade.",
        'widen where=, or correct text=; write outside="null" where it is meant for those out of scope',
    ),
    (
        hazards.rows_out_of_scope,
        (
            SUBJECT,
            3,
        ),
        "not-null-out-of-scope",
        True,
        "public.items.embedding is NOT NULL, and 3 rows of it out of scope or without a text",
        "they would have no vector of the new dimension.",
        "widen where=, or give those rows a text",
    ),
    (
        hazards.no_pgvector,
        (True,),
        "no-pgvector",
        True,
        "the extension vector (pgvector) is not in this database",
        "there can be no vector column without it; where it was dropped, all went with it, store and backup too.",
        "CREATE EXTENSION vector; what went with it comes back from a backup of the database",
    ),
    (
        hazards.no_pgvector,
        (False,),
        "no-pgvector",
        True,
        "the extension vector (pgvector) is not in this database",
        "there can be no vector column without it; where it was dropped, all went with it, store and backup too.",
        "install pgvector on the server (https://github.com/pgvector/pgvector), then CREATE EXTENSION vector; what "
        "went with it comes back from a backup of the database",
    ),
    (
        hazards.old_pgvector,
        (
            "0.6.2",
            "0.7.0",
        ),
        "old-pgvector",
        True,
        "pgvector 0.6.2 is too old: 0.7.0 or newer is needed",
        "halfvec, subvector and safe parallel index builds came with it.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    ),
    (
        hazards.pgvector_with_known_fault,
        ("0.8.2",),
        "pgvector-known-fault",
        False,
        "pgvector 0.8.2 has a known fault",
        "0.8.2 mended a buffer overflow in parallel HNSW builds, 0.8.3 a corruption by vacuum.",
        "update the package on the server, then ALTER EXTENSION vector UPDATE",
    ),
    (
        hazards.old_postgresql,
        ("13.11",),
        "old-postgresql",
        True,
        "PostgreSQL 13.11 is too old: 14 or newer is needed",
        "statements that migrator relies on are not there.",
        "upgrade the server",
    ),
    (
        hazards.standby,
        (),
        "standby",
        True,
        "this server is a standby and takes no writes",
        "an upgrade writes.",
        "give the primary's address",
    ),
    (
        hazards.transaction_pooler,
        ("app at db.example",),
        "transaction-pooler",
        True,
        "app at db.example is reached through a pooler in transaction mode",
        "each transaction may get another server session: the lock that keeps a second migrator out, and the settings "
        "that texts are hashed under, would not stay with this one.",
        "connect to PostgreSQL itself, or to a port of the pooler that is in session mode",
    ),
    (
        hazards.not_owner,
        (
            "items",
            "owner",
            "app",
        ),
        "not-owner",
        True,
        'role "app" may not act as "owner", the owner of "items"',
        "only the owner may add a column or build an index.",
        'work as a member of that role: GRANT "owner" TO "app"',
    ),
    (
        hazards.may_not_create_schema,
        ("app",),
        "may-not-create-schema",
        True,
        'role "app" may not create a schema in this database',
        "the ledger, the backup and the embedding store need a schema of their own.",
        'GRANT CREATE ON DATABASE ... TO "app"',
    ),
    (
        hazards.may_not_create_temporary,
        ("app",),
        "may-not-create-temporary",
        True,
        'role "app" may not create a temporary table in this database',
        "text and scope are tried on a temporary copy of a few rows before anything is changed.",
        'GRANT TEMPORARY ON DATABASE ... TO "app"',
    ),
    (
        hazards.store_without_vectors,
        ('"migrator"."store_a1"',),
        "store-without-vectors",
        True,
        'the embedding store "migrator"."store_a1" has lost its vectors',
        "their column was dropped, with the extension vector perhaps, and the hashes that are left find nothing.",
        'DROP TABLE "migrator"."store_a1"; the texts are embedded again',
    ),
    (
        hazards.no_disk,
        (
            5_000_000,
            1_000,
        ),
        "no-disk",
        True,
        "the upgrade needs about 5.0 MB of disk, 1 kB are free",
        "the server would stop for lack of space in the middle of the work.",
        "free or add space where the server's data lies",
    ),
    (
        hazards.disk_unknown,
        (5_000_000,),
        "disk-unknown",
        False,
        "the upgrade needs about 5.0 MB of disk; what the server has free cannot be seen from here",
        "a full disk stops the server.",
        "look on the server before you start",
    ),
    (
        hazards.publication_of_all,
        (["a", "b"],),
        "publication-of-all-tables",
        True,
        "publication a, b is FOR ALL TABLES",
        "it would ship migrator's own tables and the shadow column to subscribers, which lack them.",
        "name the published tables: DROP PUBLICATION ...; CREATE PUBLICATION ... FOR TABLE ...",
    ),
    (
        hazards.published,
        (
            "items",
            ["a", "b"],
        ),
        "published-table",
        True,
        '"items" is published by a, b',
        "a subscriber without the shadow column would stop applying changes.",
        "publish its columns by name, without the shadow column (ALTER PUBLICATION ... SET TABLE ... (column, ...), "
        "from PostgreSQL 15 on), or take it out for the time of the upgrade: ALTER PUBLICATION ... DROP TABLE ...",
    ),
    (
        hazards.published_of_schema,
        ("items", ["a", "b"]),
        "published-schema",
        True,
        '"items" is published by a, b, FOR TABLES IN SCHEMA',
        "a subscriber without the shadow column would stop applying changes, and such a publication has no lists of "
        "columns.",
        "name its tables instead, this one with its columns: ALTER PUBLICATION ... SET TABLE other, "
        '"items" (column, ...); or take the schema out for the time of the upgrade: ALTER PUBLICATION ... DROP TABLES '
        "IN SCHEMA ...",
    ),
    (
        hazards.no_replica_identity,
        ("items", ["a", "b"]),
        "no-replica-identity",
        True,
        '"items" is published by a, b, and its rows have no replica identity',
        "PostgreSQL refuses every update of such a table, those that fill the shadow column among them.",
        'give it one: a primary key, or ALTER TABLE "items" REPLICA IDENTITY USING INDEX ...',
    ),
    (
        hazards.published_updates_refused,
        ("items", ["a", "b"], "Column used in the publication WHERE expression is not part of the replica identity"),
        "published-updates-refused",
        True,
        'PostgreSQL refuses updates of "items", as a, b publishes it: Column used in the publication WHERE expression '
        "is not part of the replica identity",
        "those that fill the shadow column are among them.",
        "let row filter and list of columns go by the replica identity: ALTER PUBLICATION ... SET TABLE ..., or "
        'ALTER TABLE "items" REPLICA IDENTITY ...',
    ),
    (
        hazards.published_column,
        ("items", "embedding", ["a", "b"], "vector(768)"),
        "published-column",
        False,
        '"items.embedding" is published by a, b',
        "from cut-over on its subscribers are sent vector(768), which a column of another type does not take: they "
        "stop applying changes.",
        "change the column at each subscriber right before the cut-over (--cutover-file holds it until then), and "
        "back after a downgrade",
    ),
    (
        hazards.row_function,
        (
            "as_json(items)",
            "as_json",
            "it uses $1 as a whole",
        ),
        "row-function",
        True,
        "text='as_json(items)' calls as_json() with the row, and it uses $1 as a whole",
        "its value may change when the shadow column appears, or differ while a write is captured.",
        "in a function in SQL or PL/pgSQL name each column that it reads, as in doc.title; or name the columns in "
        "text=",
    ),
    (
        hazards.text_writes,
        (
            "body || counted()",
            "cannot execute nextval() in a read-only transaction",
        ),
        "text-writes",
        True,
        "text='body || counted()' has side effects: cannot execute nextval() in a read-only transaction",
        "it is evaluated for every row, several times, and in the application's transactions.",
        "name a function that only reads, or columns",
    ),
    (
        hazards.rows_without_text,
        (
            SUBJECT,
            3,
        ),
        "rows-without-text",
        True,
        "public.items.embedding has 3 rows in scope without a text, and the revision refuses such rows",
        "there is nothing to embed for them.",
        'give them a text, leave them out by where=, or write empty="null" in the revision: then they end without a '
        "vector",
    ),
    (
        hazards.kept_without_text,
        (
            SUBJECT,
            3,
            "python:app.models:old",
        ),
        "kept-without-text",
        False,
        'public.items.embedding keeps the vectors of 3 rows in scope without a text (empty="skip")',
        "these vectors are of python:app.models:old, and comparing them with the others says nothing.",
        'write empty="null" in the revision where such rows had better not be found',
    ),
    (
        hazards.cannot_keep,
        (
            SUBJECT,
            3,
            'outside="keep"',
            'outside="null"',
        ),
        "cannot-keep",
        True,
        'outside="keep" asks to keep the vectors of 3 rows of public.items.embedding, of other dimensions than the '
        "new column",
        "they do not fit there.",
        'write outside="null" in the revision: such rows end without a vector',
    ),
    (
        hazards.setting_not_there,
        (
            "app.key",
            "APP_KEY",
        ),
        "setting-not-there",
        True,
        "the environment variable APP_KEY, which holds the setting app.key, is not set",
        "the texts cannot be read without it.",
        "set APP_KEY where migrator runs; its value is neither stored nor shown",
    ),
    (
        hazards.texts_cut_short,
        (
            SUBJECT,
            3,
            512,
        ),
        "texts-cut-short",
        True,
        "public.items.embedding has 3 rows whose text the model does not read to its end, after 512 tokens",
        "what stands behind that could not be found, and --strict was given.",
        "shorten these texts or split them into rows, choose a model that reads more, or leave out --strict",
    ),
    (
        hazards.lengths_unknown,
        (
            SUBJECT,
            "python:app.models:new",
        ),
        "lengths-unknown",
        True,
        "model python:app.models:new does not say how long the texts of public.items.embedding are to it",
        "it says how much it reads and has no tokenizer to ask, and --strict was given.",
        "let the plug-in say count_tokens(texts), or leave out --strict",
    ),
    (
        hazards.change_in_flight,
        (
            "items",
            "pgroll",
            'column "_pgroll_new_body"',
        ),
        "change-in-flight",
        True,
        'pgroll is in the middle of a change of "items": column "_pgroll_new_body" is its work',
        "it copies the table, or swaps it, and what migrator does meanwhile would be lost or done twice.",
        "let pgroll finish, or let it undo its change, which takes that away; then run the same command again",
    ),
    (
        hazards.two_writers,
        (
            SUBJECT,
            ['trigger "embed"'],
        ),
        "two-writers",
        True,
        'public.items.embedding has another writer of vectors: trigger "embed"',
        "it goes on with the model that it was set up with, and would put its vectors into one column with the new "
        "ones.",
        "let its queue run empty, then stop it for the time of the upgrade, by ALTER TABLE ... DISABLE TRIGGER or "
        "in the tool itself; after it, let it compute vectors by the new model",
    ),
    (
        hazards.writer_fails_later,
        (
            SUBJECT,
            ['trigger "embed"'],
        ),
        "writer-fails-later",
        False,
        'public.items.embedding has another writer of vectors: trigger "embed"',
        "it goes on with the model that it was set up with, whose vectors the column will no longer take: its "
        "writes fail from cut-over on.",
        "let its queue run empty, then stop it for the time of the upgrade, by ALTER TABLE ... DISABLE TRIGGER or "
        "in the tool itself; after it, let it compute vectors by the new model",
    ),
    (
        hazards.triggers_fire,
        (
            "items",
            ["a", "b"],
            ["c"],
            200,
            "keeper",
            True,
        ),
        "triggers-fire",
        False,
        'the fill fires triggers of "items": a, once a row, 200 rows in all; b, once a row, 200 rows in all; c, '
        "once for each 2,000 rows or fewer",
        "queues fill and columns such as updated_at move, for PostgreSQL lets this role quiet no trigger.",
        'let a superuser run GRANT SET ON PARAMETER session_replication_role TO "keeper" before the upgrade, and '
        "they stay quiet; or work as a superuser",
    ),
    (
        hazards.triggers_fire,
        (
            "items",
            ["a"],
            [],
            200,
            "keeper",
            False,
        ),
        "triggers-fire",
        False,
        'the fill fires triggers of "items": a, once a row, 200 rows in all',
        "queues fill and columns such as updated_at move, for PostgreSQL lets this role quiet no trigger.",
        "work as a superuser and they stay quiet",
    ),
    (
        hazards.triggers_always_fire,
        (
            "items",
            ["a"],
            ["c"],
            200,
        ),
        "triggers-always-fire",
        False,
        'the fill fires triggers of "items" that are ENABLE ALWAYS or REPLICA: a, once a row, 200 rows in all; c, '
        "once for each 2,000 rows or fewer",
        "queues fill and columns such as updated_at move; ordinary triggers stay quiet.",
        'where that does harm: ALTER TABLE "items" ENABLE TRIGGER ... for the time of the upgrade, which makes them '
        "ordinary ones",
    ),
    (
        hazards.capture_was_off,
        ("items",),
        "capture-was-off",
        False,
        'the capture trigger of "items" was dropped, disabled or altered since the upgrade',
        "writes may have gone by it, so that it does not know every old vector that is stale.",
        "nothing is to be done: each old vector is compared with the backup, and embedded again where it is not there",
    ),
    (
        hazards.trigger_sorts_last,
        (
            "items",
            "~~late",
        ),
        "trigger-sorts-last",
        True,
        'trigger "~~late" on "items" would run after migrator\'s own',
        "a text that it rewrites would keep a stale vector.",
        'rename it for the time of the upgrade: ALTER TRIGGER "~~late" ON "items" RENAME TO ...',
    ),
    (
        hazards.select_star,
        (
            "items",
            "embedding",
        ),
        "column-order",
        False,
        'from fill on, SELECT * and column-less INSERT and COPY on "items" meet a further column, and later '
        '"embedding" in last place',
        "from fill on SELECT * gives another row and COPY fails. INSERT works until cut-over; then its vector goes "
        "into the retired column: the row is stored without one, or refused where the column is NOT NULL or the vector "
        "is the new model's. Prepared statements may say that a cached plan must not change result type.",
        "name the columns in the application, and reconnect it after cut-over",
    ),
    (
        hazards.equal_dimensions,
        (SUBJECT,),
        "equal-dimensions",
        False,
        "old and new model of public.items.embedding have the same dimensions",
        "an application that still writes the old model's vectors is not stopped by the column's type.",
        "stop its writers before cut-over, or let it read the model from the view migrator.registry",
    ),
]


@pytest.mark.parametrize("row", TEXTS, ids=[row[2] for row in TEXTS])
def test_a_hazard_says_what_is_found_what_it_means_and_what_to_do(row: Row) -> None:
    function, arguments, code, refuses, problem, meaning, remedy = row
    assert function(*arguments) == Hazard(code, problem, meaning, remedy, refuses)


def test_every_hazard_has_its_text_here() -> None:
    made = {
        name
        for name, each in vars(hazards).items()
        if not name.startswith("_") and getattr(each, "__annotations__", {}).get("return") == "Hazard"
    }
    assert "standby" in made
    assert made - {row[0].__name__ for row in TEXTS} == set()


def test_hazards_read_alike() -> None:
    """The problem stands for itself, the meaning is a sentence, the remedy is something to do; each in one line."""
    for row in TEXTS:
        hazard = row[0](*row[1])
        assert not hazard.problem.endswith(".") or hazard.problem.endswith("...")
        assert hazard.meaning.endswith(".")
        assert hazard.remedy.endswith("...") or not hazard.remedy.endswith(".")
        assert "\n" not in hazard.problem + hazard.meaning + hazard.remedy


def test_a_refusal_is_the_hazard_in_three_lines() -> None:
    refusal = hazards.standby().refusal()
    assert str(refusal) == (
        "this server is a standby and takes no writes\nan upgrade writes.\nfix: give the primary's address"
    )
    assert refusal.exit_code == 3
