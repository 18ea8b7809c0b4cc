-- Names that are SQL's own.
CREATE SCHEMA "user";
CREATE TABLE "user"."order" (
    "select" int PRIMARY KEY,
    "text" text NOT NULL,
    "vector" vector(16) NOT NULL,
    "table" text DEFAULT 'none'
);
INSERT INTO "user"."order" ("select", "text", "vector")
SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX "index" ON "user"."order" USING hnsw ("vector" vector_cosine_ops) WHERE "select" > 2;
CREATE VIEW "user"."group" AS SELECT "select", "vector" FROM "user"."order";
