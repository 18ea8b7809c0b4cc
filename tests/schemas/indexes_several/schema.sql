-- Several vector indexes, and others that read the vector.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16),
    kind text NOT NULL DEFAULT 'plain'
);
INSERT INTO documents (id, content, embedding) SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX by_cosine ON documents USING hnsw (embedding vector_cosine_ops) WITH (m = 8, ef_construction = 40);
CREATE INDEX by_l2 ON documents USING ivfflat (embedding vector_l2_ops) WITH (lists = 2);
CREATE INDEX by_ip ON documents USING hnsw (embedding vector_ip_ops) WHERE kind = 'plain' AND embedding IS NOT NULL;
CREATE INDEX to_do ON documents (id) WHERE embedding IS NULL;
CREATE INDEX of_kind ON documents (kind, id) INCLUDE (embedding);
CREATE UNIQUE INDEX once ON documents (md5(embedding::text), id);
CREATE INDEX has_one ON documents ((embedding IS NULL), kind);
COMMENT ON INDEX by_l2 IS 'for the map';
