-- Done by the owner, who is no superuser; in a schema of his own, with a foreign key and a trigger on inserts.
CREATE SCHEMA app AUTHORIZATION case_owner;
GRANT USAGE ON SCHEMA app TO case_reader;
SET ROLE case_owner;
CREATE TABLE app.sources (id int PRIMARY KEY);
CREATE TABLE app.documents (
    id int PRIMARY KEY,
    source int REFERENCES app.sources,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO app.sources VALUES (1);
INSERT INTO app.documents SELECT n, 1, 'text ' || n, model.sixteen('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON app.documents USING hnsw (embedding vector_cosine_ops);
GRANT SELECT (id, embedding), UPDATE ON app.documents TO case_reader;
CREATE VIEW app.near AS SELECT id, embedding FROM app.documents;
GRANT SELECT ON app.near TO case_reader;
