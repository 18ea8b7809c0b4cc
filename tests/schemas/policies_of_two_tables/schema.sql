-- Policies that compare the vectors of two tables, of which one stays; and say the dimensions of both.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE TABLE topics (id int PRIMARY KEY, embedding vector(16) NOT NULL);
INSERT INTO topics SELECT n, model.embed('topic ' || n) FROM generate_series(1, 20) AS n;
CREATE TABLE titles (id int PRIMARY KEY, embedding vector(16) NOT NULL);
INSERT INTO titles SELECT n, model.embed('title ' || n) FROM generate_series(1, 20) AS n;
GRANT SELECT ON documents, topics, titles TO case_reader;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_topic ON documents TO case_reader USING (embedding IS NOT NULL AND EXISTS (
    SELECT FROM topics t WHERE t.id = documents.id AND vector_dims(t.embedding) = 16));
ALTER TABLE titles ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_document ON titles TO case_reader USING (vector_dims(embedding) = 16 AND EXISTS (
    SELECT FROM documents d WHERE d.id = titles.id AND vector_dims(d.embedding) = 16));
CREATE FUNCTION read_documents() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT id FROM documents ORDER BY id';
ALTER FUNCTION read_documents OWNER TO case_reader;
CREATE FUNCTION read_titles() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT id FROM titles ORDER BY id';
ALTER FUNCTION read_titles OWNER TO case_reader;
