-- Vectors of several models in one column, told apart by the collection; no index.
CREATE TABLE embeddings (
    id int PRIMARY KEY,
    collection text NOT NULL,
    document text,
    embedding vector
);
INSERT INTO embeddings
SELECT n, 'mine', 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 30) AS n;
INSERT INTO embeddings
SELECT n, 'other', 'text ' || n, ARRAY[n, 1, 2]::vector FROM generate_series(31, 50) AS n;
