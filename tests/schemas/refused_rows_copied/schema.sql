-- A trigger keeps old rows in a table of the same columns, which the shadow column would make one too many.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
CREATE TABLE documents_history (LIKE documents, changed_at timestamptz NOT NULL DEFAULT now());
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 20) AS n;
CREATE TABLE log (entry jsonb);
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log SELECT to_jsonb(NEW.*) WHERE NEW.* IS DISTINCT FROM OLD.*;
    RETURN NULL;
END
$$;
CREATE TRIGGER logged AFTER UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION logged();
CREATE FUNCTION versioned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO documents_history SELECT OLD.*, now();
    RETURN NEW;
END
$$;
CREATE TRIGGER versioned BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION versioned();
