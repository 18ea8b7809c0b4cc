-- A text of several columns by concat_ws, a list and a day among them.
CREATE TABLE documents (
    id int PRIMARY KEY, title text, tags text[] NOT NULL, day date NOT NULL, embedding vector(16) NOT NULL
);
INSERT INTO documents
SELECT id, title, tags, day, model.embed(concat_ws(' ', title, array_to_string(tags, ', '), day))
FROM (SELECT n, nullif('title ' || n % 7, 'title 0'), ARRAY['tag ' || n, 'all'], '2026-01-01'::date + n
      FROM generate_series(1, 40) AS n) AS d (id, title, tags, day);
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
