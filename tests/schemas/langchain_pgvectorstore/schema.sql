-- langchain-postgres, PGVectorStore: a table a store, metadata in columns and in JSON.
CREATE TABLE "public"."vectorstore"(
    "langchain_id" UUID PRIMARY KEY,
    "content" TEXT NOT NULL,
    "embedding" vector(16) NOT NULL,
    "topic" VARCHAR(80),
    "langchain_metadata" JSON
);
INSERT INTO vectorstore
SELECT md5('id ' || n)::uuid, 'text ' || n, model.embed('text ' || n), 'topic ' || n % 3, json_build_object('n', n)
FROM generate_series(1, 40) AS n;
CREATE INDEX vectorstorelangchainvectorindex ON "public"."vectorstore" USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
