-- PostgreSQL computes the vector itself.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) GENERATED ALWAYS AS (model.sixteen(content)::vector(16)) STORED
);
INSERT INTO documents (id, content) SELECT n, 'text ' || n FROM generate_series(1, 20) AS n;
