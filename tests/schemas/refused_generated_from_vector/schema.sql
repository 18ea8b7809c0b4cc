-- A column that PostgreSQL computes from the vector.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16),
    is_embedded boolean GENERATED ALWAYS AS (embedding IS NOT NULL) STORED
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
