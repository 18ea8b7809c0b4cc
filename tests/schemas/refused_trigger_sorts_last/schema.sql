-- A trigger that rewrites the text would run after the one that captures writes.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.content := btrim(NEW.content); RETURN NEW; END $$;
CREATE TRIGGER "~~trimmed" BEFORE INSERT OR UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION trimmed();
