-- An event trigger keeps views and columns from being dropped, at cut-over and when a run is undone.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE VIEW near AS SELECT id, embedding FROM documents;
CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE dropped record;
BEGIN
    FOR dropped IN SELECT * FROM pg_event_trigger_dropped_objects() WHERE schema_name = 'public' LOOP
        IF dropped.object_type IN ('table', 'table column', 'view') THEN
            RAISE EXCEPTION 'ask before you drop a %', dropped.object_type;
        END IF;
    END LOOP;
END $$;
CREATE EVENT TRIGGER guard ON sql_drop EXECUTE FUNCTION guard();
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''ddl'', tg_tag); END';
CREATE EVENT TRIGGER told ON ddl_command_end EXECUTE FUNCTION told();
