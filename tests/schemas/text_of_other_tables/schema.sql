-- A chunk is embedded with the title of its document and the labels of that, which a function reads.
CREATE TABLE documents (id int PRIMARY KEY, title text NOT NULL);
CREATE TABLE "the labels" (document_id int REFERENCES documents, label text);
CREATE FUNCTION labels_of(document int) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT string_agg(label, ' ' ORDER BY label) FROM "the labels" WHERE document_id = document
$$;
CREATE TABLE chunks (
    id int PRIMARY KEY, document_id int NOT NULL REFERENCES documents, body text NOT NULL, embedding vector(16) NOT NULL
);
CREATE FUNCTION chunk_text(chunk chunks) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(E'\n', (SELECT title FROM documents d WHERE d.id = chunk.document_id),
                     labels_of(chunk.document_id), chunk.body)
$$;
INSERT INTO documents SELECT n, 'title ' || n FROM generate_series(1, 8) AS n;
INSERT INTO "the labels" SELECT 1 + n % 7, 'label ' || n FROM generate_series(1, 15) AS n;
INSERT INTO chunks
SELECT n, 1 + n % 8, 'text ' || n, model.embed(concat_ws(E'\n', 'title ' || 1 + n % 8, labels_of(1 + n % 8), 'text ' || n))
FROM generate_series(1, 40) AS n;
CREATE INDEX near ON chunks USING hnsw (embedding vector_cosine_ops);
