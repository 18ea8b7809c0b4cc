-- Views that take writes: by triggers, by rules, on their own; as the one who asks; privileges on columns.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE VIEW plain WITH (security_invoker) AS SELECT id, content, embedding FROM documents;
ALTER VIEW plain ALTER content SET DEFAULT 'by default';
GRANT SELECT (id, content, embedding), INSERT, UPDATE (content, embedding) ON documents TO case_reader;
GRANT SELECT (id, embedding), INSERT (id, embedding) ON plain TO case_reader;
GRANT SELECT, UPDATE (content) ON plain TO case_grantor WITH GRANT OPTION;
CREATE VIEW by_trigger AS SELECT id AS number, content AS words, embedding AS meaning FROM plain;
CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO documents (id, content, embedding) VALUES (NEW.number, NEW.words, NEW.meaning);
    ELSE
        UPDATE documents SET content = NEW.words, embedding = NEW.meaning WHERE id = OLD.number;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER written INSTEAD OF INSERT OR UPDATE ON by_trigger FOR EACH ROW EXECUTE FUNCTION written();
CREATE VIEW by_rule AS SELECT d.id, d.content, d.embedding, d.embedding <-> first.embedding AS apart
FROM documents d CROSS JOIN (SELECT embedding FROM documents ORDER BY id LIMIT 1) AS first;
CREATE RULE edited AS ON UPDATE TO by_rule DO INSTEAD
    UPDATE documents SET content = new.content, embedding = new.embedding WHERE id = old.id;
CREATE RULE removed AS ON DELETE TO by_rule DO INSTEAD DELETE FROM documents WHERE id = old.id;
COMMENT ON RULE edited ON by_rule IS 'as the table';
COMMENT ON TRIGGER written ON by_trigger IS 'into the table';
