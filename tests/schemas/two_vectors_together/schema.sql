-- CHECKs, a trigger, a function, a view and a publication that read two vectors of a row; both are upgraded.
CREATE TABLE documents (
    id int PRIMARY KEY,
    title text NOT NULL,
    content text NOT NULL,
    of_title vector(16) NOT NULL,
    embedding vector(16),
    CHECK ((of_title <=> embedding) < 2 AND vector_dims(of_title) = vector_dims(embedding)),
    CONSTRAINT both_long CHECK (vector_dims(of_title) = 16 AND (vector_dims(embedding) = 16) IS NOT FALSE)
);
INSERT INTO documents
SELECT n, 'title ' || n, 'text ' || n, model.embed('title ' || n), model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX of_title ON documents USING hnsw (of_title vector_cosine_ops);
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE TABLE log (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document int NOT NULL);
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (document) VALUES (NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER either AFTER UPDATE OF of_title, embedding ON documents FOR EACH ROW
    WHEN ((new.of_title <=> new.embedding) > 0.001) EXECUTE FUNCTION logged();
CREATE FUNCTION apart(document documents) RETURNS float8 STABLE RETURN document.of_title <=> document.embedding;
CREATE PUBLICATION both_vectors FOR TABLE documents (id, of_title, embedding);
CREATE VIEW shown AS SELECT id, apart(d) AS apart, d.of_title - d.embedding AS difference FROM documents d;
