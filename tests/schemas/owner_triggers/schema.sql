-- Done by the owner, who may not quiet triggers: one that puts texts in order fires, and does no harm.
CREATE SCHEMA app AUTHORIZATION case_owner;
SET ROLE case_owner;
CREATE TABLE app.documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.content := btrim(NEW.content);
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON app.documents FOR EACH ROW EXECUTE FUNCTION app.touch();
INSERT INTO app.documents (id, content, embedding) SELECT n, '  text ' || n, model.sixteen('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON app.documents USING hnsw (embedding vector_cosine_ops);
