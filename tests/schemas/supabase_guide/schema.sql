-- Supabase's guide: documents, match_documents with its body in a string, row-level security for two API roles.
CREATE TABLE documents (
    id bigserial PRIMARY KEY,
    content text,
    metadata jsonb,
    embedding vector(16)
);
CREATE FUNCTION match_documents (
    query_embedding vector(16),
    match_count int DEFAULT NULL,
    filter jsonb DEFAULT '{}'
) RETURNS TABLE (id bigint, content text, metadata jsonb, similarity float)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT id, content, metadata, 1 - (documents.embedding <=> query_embedding) AS similarity
    FROM documents
    WHERE metadata @> filter
    ORDER BY documents.embedding <=> query_embedding
    LIMIT match_count;
END;
$$;
INSERT INTO documents (content, metadata, embedding)
SELECT 'text ' || n, jsonb_build_object('page', n % 3), model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX ON documents USING hnsw (embedding vector_ip_ops);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Enable read access for all users" ON documents FOR SELECT USING (true);
GRANT ALL ON documents TO case_reader, case_grantor;
GRANT USAGE, SELECT ON SEQUENCE documents_id_seq TO case_grantor;
