-- CHECKs that say the dimensions, read text and vector, are not proved yet, or are for this table alone.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text,
    embedding vector(16) CHECK (vector_dims(embedding) = 16),
    CONSTRAINT "both or %neither" CHECK ((content IS NULL) = (embedding IS NULL)),
    CONSTRAINT not_zero CHECK (embedding IS NULL OR vector_norm(embedding) > 0) NO INHERIT
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
INSERT INTO documents VALUES (41, NULL, NULL);
ALTER TABLE documents ADD CONSTRAINT later CHECK (length(content) < 100 AND vector_dims(embedding) IN (16, 24)) NOT VALID;
COMMENT ON CONSTRAINT "both or %neither" ON documents IS 'A vector is of something.';
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
