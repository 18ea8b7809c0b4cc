-- One index over two collections of a column without dimension, of which one is upgraded.
CREATE TABLE documents (id int PRIMARY KEY, kind text NOT NULL, content text, embedding vector);
INSERT INTO documents SELECT n, CASE WHEN n % 4 = 0 THEN 'b' ELSE 'a' END, 'text ' || n, model.embed('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX all_of_them ON documents USING hnsw ((embedding::vector(16)) vector_cosine_ops);
