-- Columns that PostgreSQL computes, beside the vector and as its text.
CREATE TABLE documents (
    id int PRIMARY KEY,
    title text NOT NULL,
    body text,
    content text GENERATED ALWAYS AS (title || ': ' || coalesce(body, '')) STORED,
    search tsvector GENERATED ALWAYS AS (to_tsvector('english', title || ' ' || coalesce(body, ''))) STORED,
    embedding vector(16) NOT NULL
);
INSERT INTO documents (id, title, body, embedding)
SELECT n, 'title ' || n, nullif('body ' || n, 'body 7'), model.embed('title ' || n || ': ' || coalesce(nullif('body ' || n, 'body 7'), ''))
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_search_idx ON documents USING gin (search);
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
