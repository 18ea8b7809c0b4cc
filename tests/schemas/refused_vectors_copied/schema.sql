-- A trigger keeps old rows in a history, by the columns that both have, whose vectors are of the old dimensions.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
CREATE TABLE documents_history (LIKE documents, until timestamptz NOT NULL DEFAULT now());
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE FUNCTION versioning() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE columns text;
BEGIN
    SELECT string_agg(format('%I', h.attname), ', ') INTO columns
    FROM pg_attribute h JOIN pg_attribute d USING (attname)
    WHERE h.attrelid = TG_ARGV[0]::regclass AND d.attrelid = TG_RELID AND h.attnum > 0 AND NOT h.attisdropped;
    EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM (SELECT $1.*) AS old', TG_ARGV[0], columns) USING OLD;
    RETURN NEW;
END $$;
CREATE TRIGGER versioning BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION versioning('documents_history');
CREATE SCHEMA other_tenant;
CREATE TABLE other_tenant.documents (LIKE documents);
CREATE TABLE other_tenant.documents_history (LIKE documents);
CREATE TABLE edits (id int NOT NULL, embedding vector(16));
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE edits SET embedding = NULL WHERE id = NEW.id;
    UPDATE documents SET content = content WHERE id <> NEW.id AND embedding = NEW.embedding;
    RETURN NULL;
END $$;
CREATE TRIGGER forget AFTER UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION forget();
