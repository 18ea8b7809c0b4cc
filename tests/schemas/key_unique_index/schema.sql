-- No primary key, but a unique index on columns that are NOT NULL, and one that tells nothing for being partial.
CREATE TABLE documents (
    site text NOT NULL,
    path text NOT NULL,
    content text,
    embedding vector(16)
);
CREATE UNIQUE INDEX documents_current_key ON documents (site) WHERE path = '/';
CREATE UNIQUE INDEX documents_key ON documents (path, site);
INSERT INTO documents
SELECT 'site ' || n % 4, '/' || n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_l1_ops);
