-- Asking for the text writes a row.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE TABLE asked (content text);
CREATE FUNCTION said(content text) RETURNS text LANGUAGE sql AS $$ INSERT INTO asked VALUES (content) RETURNING content $$;
