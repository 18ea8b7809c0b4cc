-- Done by the owner, who may not quiet triggers: they fire, and do no harm.
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
-- It lets writes change two columns; a session keeps its plan with the dimensions that the vector had.
CREATE FUNCTION app.keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    content_ text := NEW.content;
    embedding_ public.vector := NEW.embedding;
BEGIN
    NEW := OLD;
    NEW.content := content_;
    NEW.embedding := embedding_;
    RETURN NEW;
END $$;
CREATE TRIGGER keep BEFORE UPDATE ON app.documents FOR EACH ROW EXECUTE FUNCTION app.keep();
CREATE TRIGGER z_min_update BEFORE UPDATE ON app.documents FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
INSERT INTO app.documents (id, content, embedding) SELECT n, '  text ' || n, model.sixteen('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON app.documents USING hnsw (embedding vector_cosine_ops);
