-- Functions that the catalog knows to read the vector, and one that gives the table's rows.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE FUNCTION nearest(asked vector, n int DEFAULT 5) RETURNS TABLE (id int, distance float8) STABLE
BEGIN ATOMIC
    SELECT d.id, d.embedding <=> asked FROM documents d ORDER BY d.embedding <=> asked LIMIT n;
END;
CREATE FUNCTION length_of(document documents) RETURNS float8 IMMUTABLE PARALLEL SAFE RETURN vector_norm(document.embedding);
CREATE FUNCTION all_of_them() RETURNS SETOF documents LANGUAGE sql STABLE AS 'SELECT * FROM documents ORDER BY id';
CREATE PROCEDURE embed_again(wanted int)
BEGIN ATOMIC
    UPDATE documents SET embedding = model.embed(content) WHERE id = wanted;
END;
CREATE VIEW by_function AS SELECT n.id, n.distance FROM nearest((SELECT embedding FROM documents WHERE id = 21)) AS n;
GRANT SELECT ON documents TO case_grantor;
ALTER FUNCTION nearest OWNER TO case_grantor;
REVOKE EXECUTE ON FUNCTION nearest FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nearest TO case_reader;
COMMENT ON FUNCTION nearest IS 'the 5 nearest';
