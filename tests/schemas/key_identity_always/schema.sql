-- An identity that refuses given values; texts and vectors that are not there, by default.
CREATE TABLE documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content text,
    embedding vector(16) DEFAULT NULL
);
INSERT INTO documents (content, embedding)
SELECT 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
-- Without a text, without a vector, and without either.
UPDATE documents SET content = NULL, embedding = NULL WHERE id % 10 = 5;
UPDATE documents SET embedding = NULL WHERE id % 10 = 6;
CREATE INDEX ON documents USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 40);
