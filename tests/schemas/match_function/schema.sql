-- A search function with the dimensions in its text, which the revision writes anew.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE OR REPLACE FUNCTION match_documents(query_embedding vector(16), match_count int)
RETURNS TABLE (id int, similarity float8) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT d.id, 1 - (d.embedding::vector(16) <=> query_embedding::vector(16))
    FROM documents d ORDER BY d.embedding <=> query_embedding LIMIT match_count;
END $$;
REVOKE EXECUTE ON FUNCTION match_documents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION match_documents TO case_reader;
