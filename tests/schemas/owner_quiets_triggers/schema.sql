-- Done by an owner who was given the right to quiet triggers: the time of the last write stays.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'case_quiet') THEN
        CREATE ROLE case_quiet LOGIN;
    END IF;
    GRANT SET ON PARAMETER session_replication_role TO case_quiet;
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO case_quiet', current_database());
END $$;
CREATE SCHEMA app AUTHORIZATION case_quiet;
SET ROLE case_quiet;
CREATE TABLE app.documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    version int NOT NULL DEFAULT 0
);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.content := btrim(NEW.content);
    NEW.updated_at := clock_timestamp();
    NEW.version := CASE WHEN TG_OP = 'UPDATE' THEN OLD.version + 1 ELSE 0 END;
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON app.documents FOR EACH ROW EXECUTE FUNCTION app.touch();
INSERT INTO app.documents (id, content, embedding) SELECT n, '  text ' || n, model.sixteen('text ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON app.documents USING hnsw (embedding vector_cosine_ops);
