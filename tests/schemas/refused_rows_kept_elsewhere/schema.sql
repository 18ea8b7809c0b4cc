-- Another table keeps whole rows, whose vectors would go with the old column.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE TABLE versions (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, was documents[] NOT NULL);
INSERT INTO versions (was) SELECT array_agg(d) FROM documents AS d;
