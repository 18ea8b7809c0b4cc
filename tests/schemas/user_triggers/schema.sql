-- Triggers of the application: a time of the last write, a text put in order, a queue, a rule about who may write.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version int NOT NULL DEFAULT 0
);
CREATE TABLE queue (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document int, action text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.content := btrim(NEW.content);
    NEW.updated_at := clock_timestamp();
    NEW.version := CASE WHEN TG_OP = 'UPDATE' THEN OLD.version + 1 ELSE 0 END;
    RETURN NEW;
END $$;
CREATE FUNCTION enqueue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO queue (document, action) VALUES (coalesce(NEW.id, OLD.id), TG_OP);
    RETURN NULL;
END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER zz_enqueue AFTER INSERT OR UPDATE OR DELETE ON documents FOR EACH ROW EXECUTE FUNCTION enqueue();
CREATE TRIGGER statement AFTER UPDATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION enqueue();
INSERT INTO documents (id, content, embedding)
SELECT n, '  text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
