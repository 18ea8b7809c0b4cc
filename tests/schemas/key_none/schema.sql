-- No key at all, and rows that are there twice.
CREATE TABLE notes (content text, embedding vector(16));
INSERT INTO notes SELECT 'text ' || n % 30, model.embed('text ' || n % 30) FROM generate_series(1, 60) AS n;
INSERT INTO notes (content) VALUES (NULL), (NULL);
