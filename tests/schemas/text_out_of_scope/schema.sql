-- Rows out of scope and without a text, which end without a vector; the upgrade says so itself.
CREATE TABLE documents (id int PRIMARY KEY, kind text NOT NULL, content text, embedding vector(16));
INSERT INTO documents SELECT n, CASE WHEN n % 4 = 0 THEN 'image' ELSE 'text' END,
    CASE WHEN n % 5 = 1 THEN NULL WHEN n % 5 = 2 THEN '' ELSE 'text ' || n END, model.embed('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
