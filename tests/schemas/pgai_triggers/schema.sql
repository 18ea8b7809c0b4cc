-- pgai: the source has the vector itself, and triggers of a vectorizer that queue its keys.
CREATE SCHEMA ai;
CREATE TABLE ai._vectorizer_q_1 (id int NOT NULL, queued_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE FUNCTION ai._vectorizer_src_trg_1() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        IF TG_OP = 'DELETE' THEN
            EXECUTE 'DELETE FROM ai._vectorizer_q_1 WHERE id = $1' USING OLD.id;
        ELSIF TG_OP = 'INSERT' OR OLD IS DISTINCT FROM NEW THEN
            INSERT INTO ai._vectorizer_q_1 (id) VALUES (NEW.id);
        END IF;
        RETURN NEW;
    END IF;
    TRUNCATE TABLE ai._vectorizer_q_1;
    RETURN NULL;
END $$;
CREATE TRIGGER _vectorizer_src_trg_1 AFTER INSERT OR DELETE OR UPDATE ON documents FOR EACH ROW
    EXECUTE FUNCTION ai._vectorizer_src_trg_1();
CREATE TRIGGER _vectorizer_src_trg_1_truncate AFTER TRUNCATE ON documents FOR EACH STATEMENT
    EXECUTE FUNCTION ai._vectorizer_src_trg_1();
