-- Two tables that point at each other and at themselves, which holds only when a transaction ends.
CREATE TABLE documents (id int PRIMARY KEY, first_chunk int NOT NULL);
CREATE TABLE chunks (
    id int PRIMARY KEY,
    document_id int NOT NULL REFERENCES documents ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    next_id int REFERENCES chunks ON DELETE SET NULL DEFERRABLE INITIALLY IMMEDIATE,
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    UNIQUE (document_id, content) DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE documents ADD CONSTRAINT documents_first_chunk_fkey
    FOREIGN KEY (first_chunk) REFERENCES chunks ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
INSERT INTO documents SELECT n, n * 10 FROM generate_series(1, 4) AS n;
INSERT INTO chunks
SELECT n, n / 10, CASE WHEN n % 10 < 9 THEN n + 1 END, 'text ' || n, model.embed('text ' || n)
FROM generate_series(10, 49) AS n ORDER BY n DESC;
SET CONSTRAINTS ALL IMMEDIATE;
CREATE INDEX chunks_embedding_idx ON chunks USING hnsw (embedding vector_cosine_ops);
