-- Triggers that fire for the vector: UPDATE OF it, WHEN it is another one, deferred, disabled.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document int NOT NULL, by text NOT NULL, dims int);
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (document, by, dims) VALUES (NEW.id, TG_NAME, vector_dims(NEW.embedding));
    RETURN NEW;
END $$;
CREATE TRIGGER before_it BEFORE UPDATE OF embedding ON documents FOR EACH ROW EXECUTE FUNCTION logged();
CREATE TRIGGER is_other AFTER UPDATE ON documents FOR EACH ROW
    WHEN (old.embedding IS DISTINCT FROM new.embedding) EXECUTE FUNCTION logged();
CREATE TRIGGER is_long AFTER INSERT OR UPDATE OF content, embedding ON documents FOR EACH ROW
    WHEN (vector_dims(new.embedding) >= 16 AND new.content <> '') EXECUTE FUNCTION logged();
CREATE CONSTRAINT TRIGGER "at the end" AFTER INSERT OR UPDATE OF embedding ON documents
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION logged();
CREATE TRIGGER off BEFORE UPDATE OF embedding ON documents FOR EACH ROW EXECUTE FUNCTION logged();
ALTER TABLE documents DISABLE TRIGGER off;
COMMENT ON TRIGGER is_other ON documents IS 'Tells the search engine.';
