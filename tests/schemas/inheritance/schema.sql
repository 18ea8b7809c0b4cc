-- Plain inheritance: each table has rows, keys, indexes, triggers of its own. Letters say the column themselves; a table in
-- another schema inherits from them; one table inherits from two. Ids are told apart within a table only.
CREATE TABLE documents (
    id int NOT NULL,
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    PRIMARY KEY (id),
    CHECK (vector_dims(embedding) = 16)
);
CREATE TABLE articles (author text, PRIMARY KEY (id)) INHERITS (documents);
CREATE TABLE letters (embedding vector(16) NOT NULL, sent date, PRIMARY KEY (id)) INHERITS (documents);
CREATE SCHEMA archive;
CREATE TABLE archive.letters (box int) INHERITS (letters, articles);
ALTER TABLE ONLY articles ALTER COLUMN embedding SET STATISTICS 50;
ALTER TABLE ONLY documents ALTER COLUMN embedding SET (n_distinct = -0.5);
ALTER TABLE ONLY letters ALTER COLUMN embedding SET (n_distinct = -1);
COMMENT ON COLUMN letters.embedding IS 'of letters';
GRANT SELECT (id, embedding) ON articles TO case_reader;
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 10) AS n;
INSERT INTO articles SELECT n, 'text ' || n, model.embed('text ' || n), 'A' FROM generate_series(1, 20) AS n;
INSERT INTO letters SELECT n, 'text ' || n, model.embed('text ' || n), '2026-01-01' FROM generate_series(11, 30) AS n;
INSERT INTO archive.letters SELECT n, 'text ' || n, model.embed('text ' || n), '2020-01-01', 'A', 7 FROM generate_series(1, 9) AS n;
CREATE INDEX documents_by_vector ON documents USING hnsw (embedding vector_cosine_ops);
CREATE INDEX articles_by_vector ON articles USING hnsw (embedding vector_cosine_ops) WITH (m = 8);
CREATE INDEX by_vector ON letters USING hnsw (embedding vector_cosine_ops) WHERE id > 3;
CREATE INDEX by_vector ON archive.letters USING ivfflat (embedding vector_cosine_ops) WITH (lists = 1);
CREATE INDEX known ON articles (author) WHERE embedding IS NOT NULL;
CREATE VIEW every_document AS SELECT tableoid::regclass AS kind, id, content, embedding FROM documents;
CREATE FUNCTION embedding_input(document documents) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT document.content';
