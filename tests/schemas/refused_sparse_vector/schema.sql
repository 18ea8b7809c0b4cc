-- Sparse vectors, which other models give.
CREATE TABLE documents (id int PRIMARY KEY, content text NOT NULL, embedding sparsevec(16));
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n)::vector::sparsevec FROM generate_series(1, 20) AS n;
