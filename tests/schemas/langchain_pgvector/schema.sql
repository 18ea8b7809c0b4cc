-- langchain-postgres, PGVector with embedding_length: collections and their embeddings, one table each.
CREATE TABLE langchain_pg_collection (
    uuid uuid NOT NULL PRIMARY KEY,
    name varchar NOT NULL UNIQUE,
    cmetadata json
);
CREATE TABLE langchain_pg_embedding (
    id varchar NOT NULL PRIMARY KEY,
    collection_id uuid,
    embedding vector(16),
    document varchar,
    cmetadata jsonb,
    FOREIGN KEY (collection_id) REFERENCES langchain_pg_collection (uuid) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ix_langchain_pg_embedding_id ON langchain_pg_embedding (id);
CREATE INDEX ix_cmetadata_gin ON langchain_pg_embedding USING gin (cmetadata jsonb_path_ops);
INSERT INTO langchain_pg_collection VALUES
    ('11111111-1111-4111-8111-111111111111', 'first', NULL), ('22222222-2222-4222-8222-222222222222', 'second', '{}');
INSERT INTO langchain_pg_embedding
SELECT 'id ' || n, CASE WHEN n % 2 = 0 THEN '11111111-1111-4111-8111-111111111111' ELSE '22222222-2222-4222-8222-222222222222' END::uuid,
       model.embed('text ' || n), 'text ' || n, jsonb_build_object('source', n % 3)
FROM generate_series(1, 40) AS n;
CREATE INDEX langchain_pg_embedding_hnsw ON langchain_pg_embedding USING hnsw (embedding vector_cosine_ops);
