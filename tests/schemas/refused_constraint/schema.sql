-- A constraint whose index reads the vector.
CREATE TABLE documents (
    id int,
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    CONSTRAINT one_each EXCLUDE USING btree (content WITH =) WHERE (embedding IS NOT NULL)
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
