-- Published column by column: with the vector, without it, some rows, inserts alone; another table wholly.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
CREATE TABLE others (id int PRIMARY KEY, embedding vector(16));
CREATE PUBLICATION "search" FOR TABLE documents (id, embedding), others;
CREATE PUBLICATION texts FOR TABLE documents (id, content) WHERE (id > 5);
CREATE PUBLICATION fresh FOR TABLE documents (embedding, content, id) WITH (publish = 'insert');
