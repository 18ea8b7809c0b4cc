-- The text is a function of the row, in the application's schema.
CREATE SCHEMA app;
CREATE TABLE app.documents (id int PRIMARY KEY, title text, body text NOT NULL, embedding vector(16));
CREATE FUNCTION app.embedding_input(document app.documents) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN '# ' || coalesce(document.title, 'untitled') || E'\n\n' || document.body;
END $$;
INSERT INTO app.documents SELECT n, CASE WHEN n % 3 > 0 THEN 'title ' || n END, 'text ' || n FROM generate_series(1, 40) AS n;
UPDATE app.documents d SET embedding = model.embed(app.embedding_input(d));
CREATE INDEX near ON app.documents USING hnsw (embedding vector_cosine_ops);
