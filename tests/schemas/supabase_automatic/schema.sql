-- Supabase's automatic embeddings: triggers that queue a job and clear the vector of an edited text.
CREATE SCHEMA util;
CREATE TABLE util.jobs (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job jsonb NOT NULL);
CREATE TABLE documents (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    title text NOT NULL,
    content text NOT NULL,
    embedding halfvec(16),
    created_at timestamptz DEFAULT now()
);
CREATE INDEX ON documents USING hnsw (embedding halfvec_cosine_ops);
CREATE OR REPLACE FUNCTION embedding_input(doc documents) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN '# ' || doc.title || E'\n\n' || doc.content;
END;
$$;
INSERT INTO documents (title, content) SELECT 'title ' || n, 'text ' || n FROM generate_series(1, 40) AS n;
UPDATE documents d SET embedding = model.embed(embedding_input(d))::vector::halfvec;
CREATE FUNCTION util.queue_embeddings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO util.jobs (job) VALUES (jsonb_build_object(
        'id', NEW.id, 'schema', TG_TABLE_SCHEMA, 'table', TG_TABLE_NAME,
        'contentFunction', TG_ARGV[0], 'embeddingColumn', TG_ARGV[1]));
    RETURN NEW;
END;
$$;
CREATE FUNCTION util.clear_column() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.embedding := NULL;
    RETURN NEW;
END;
$$;
CREATE TRIGGER embed_documents_on_insert AFTER INSERT ON documents FOR EACH ROW
    EXECUTE FUNCTION util.queue_embeddings('embedding_input', 'embedding');
CREATE TRIGGER embed_documents_on_update AFTER UPDATE OF title, content ON documents FOR EACH ROW
    EXECUTE FUNCTION util.queue_embeddings('embedding_input', 'embedding');
CREATE TRIGGER clear_documents_embedding_on_update BEFORE UPDATE OF title, content ON documents FOR EACH ROW
    EXECUTE FUNCTION util.clear_column('embedding');
