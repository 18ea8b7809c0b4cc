-- Views on views, with owners, privileges, options and comments; functions that read them. An event trigger that
-- refuses new tables, of which a run makes none in that schema.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE VIEW visible AS SELECT * FROM documents WHERE id > 3;
CREATE VIEW odd WITH (security_barrier) AS SELECT id, embedding AS "The Vector" FROM visible WHERE id % 2 = 1;
CREATE VIEW writable AS SELECT id, content, embedding FROM documents WHERE id > 0 WITH CASCADED CHECK OPTION;
COMMENT ON VIEW odd IS 'every other';
COMMENT ON COLUMN odd."The Vector" IS 'of the content';
ALTER VIEW visible OWNER TO case_owner;
GRANT SELECT ON documents TO case_owner;
GRANT SELECT, UPDATE (content) ON documents TO case_reader;
SET ROLE case_owner;
GRANT SELECT ON visible TO case_grantor WITH GRANT OPTION;
SET ROLE case_grantor;
GRANT SELECT ON visible TO case_reader;
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON writable TO case_reader;
CREATE FUNCTION nearest(asked vector, n int) RETURNS SETOF int LANGUAGE sql STABLE AS $$
    SELECT id FROM documents ORDER BY embedding <=> asked LIMIT n
$$;
CREATE FUNCTION closed() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
    FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE schema_name = 'public' LOOP
        IF made.object_identity NOT LIKE '%alembic_version%' THEN
            RAISE EXCEPTION 'no % here', made.object_identity;
        END IF;
    END LOOP;
END $$;
CREATE EVENT TRIGGER closed ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION closed();
