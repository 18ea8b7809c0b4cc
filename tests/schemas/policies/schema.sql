-- Policies that read the vector, on its table and on another's, for reading and for writing.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE TABLE notes (id int PRIMARY KEY, document int NOT NULL, note text NOT NULL);
INSERT INTO notes SELECT n, n, 'note ' || n FROM generate_series(1, 60) AS n;
GRANT SELECT, INSERT, UPDATE ON documents TO case_reader;
GRANT SELECT ON notes TO case_reader;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY embedded ON documents FOR SELECT TO case_reader USING (vector_dims(embedding) = 16 AND id > 2);
CREATE POLICY odd ON documents AS RESTRICTIVE FOR SELECT USING (id % 2 = 1);
CREATE POLICY added ON documents FOR INSERT TO case_reader WITH CHECK (vector_norm(embedding) > 0);
CREATE POLICY edited ON documents FOR UPDATE TO case_reader USING (embedding IS NOT NULL) WITH CHECK (content <> '');
CREATE POLICY of_embedded ON notes
    USING (EXISTS (SELECT FROM documents d WHERE d.id = notes.document AND d.embedding IS NOT NULL));
COMMENT ON POLICY embedded ON documents IS 'of what has a vector';
CREATE FUNCTION read_documents() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT id FROM documents ORDER BY id';
CREATE FUNCTION read_notes() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT note FROM notes ORDER BY id';
ALTER FUNCTION read_documents OWNER TO case_reader;
ALTER FUNCTION read_notes OWNER TO case_reader;
