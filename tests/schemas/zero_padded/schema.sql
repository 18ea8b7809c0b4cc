-- A column of 40 dimensions for a model of 16, with zeros behind them.
CREATE FUNCTION padded(given text) RETURNS vector LANGUAGE sql STABLE AS $$
    SELECT (model.embed(given) || CASE current_setting('model.live')
        WHEN 'sixteen' THEN array_fill(0::real, ARRAY[24]) ELSE '{}' END)::vector
$$;
CREATE TABLE documents (id int PRIMARY KEY, content text NOT NULL, embedding vector(40) NOT NULL);
INSERT INTO documents SELECT n, 'text ' || n, padded('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
