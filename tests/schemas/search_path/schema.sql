-- The application's schema first, one that is not there, pg_catalog after it; a table of the same name behind it.
CREATE SCHEMA app;
CREATE FUNCTION app.upper(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'app ' || pg_catalog.upper($1) $$;
CREATE TABLE app.documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
CREATE TABLE public.documents (id int PRIMARY KEY, content text, embedding vector(16));
INSERT INTO app.documents
SELECT n, 'text ' || n, model.embed(app.upper('text ' || n)) FROM generate_series(1, 40) AS n;
INSERT INTO public.documents SELECT id, 'of public', embedding FROM app.documents;
CREATE INDEX documents_embedding_idx ON app.documents USING hnsw (embedding vector_cosine_ops);
CREATE INDEX documents_embedding_idx ON public.documents USING hnsw (embedding vector_l2_ops);
CREATE VIEW public.seen AS SELECT app.upper(content) AS content, embedding FROM app.documents;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = nowhere, app, pg_catalog, public', current_database());
END $$;
