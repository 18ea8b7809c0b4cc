-- An array of numbers is not a vector.
CREATE TABLE documents (id int PRIMARY KEY, content text NOT NULL, embedding real[]);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
