-- Names that mean something else without quotes, or with psycopg's and Python's placeholders.
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."It's ""the"" 100% {Table} %s" (
    "Id" int PRIMARY KEY,
    "The Text; --" text NOT NULL,
    "Em bed.ding %(x)s" vector(16) NOT NULL
);
INSERT INTO "My Schema"."It's ""the"" 100% {Table} %s"
SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX "in de%x {0}" ON "My Schema"."It's ""the"" 100% {Table} %s" USING hnsw ("Em bed.ding %(x)s" vector_cosine_ops);
-- As SQL folds the name without quotes: another table.
CREATE TABLE "My Schema"."id" ();
