-- Keys made by the database, times that say when a row was written.
CREATE TABLE documents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    content text NOT NULL CHECK (content <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    embedding vector(16) NOT NULL,
    UNIQUE (content)
);
INSERT INTO documents (content, embedding)
SELECT 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_ip_ops);
CREATE INDEX documents_created_idx ON documents (created_at) INCLUDE (content);
