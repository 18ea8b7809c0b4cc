-- A subscriber of the whole schema lacks the shadow column.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
