-- Encrypted texts, which a session reads by a key of its own. The cipher only stands for one.
CREATE FUNCTION turned(given bytea) RETURNS bytea LANGUAGE sql STABLE STRICT AS $$
    SELECT string_agg(set_byte('\x00', 0, get_byte(given, n) # current_setting('app.key')::int), '' ORDER BY n)
    FROM generate_series(0, length(given) - 1) AS n
$$;
CREATE TABLE documents (id int PRIMARY KEY, sealed bytea NOT NULL, embedding vector(16) NOT NULL);
SET app.key = '77';
INSERT INTO documents SELECT n, turned(convert_to('text ' || n, 'UTF8')), model.embed('text ' || n)
FROM generate_series(1, 40) AS n;
RESET app.key;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
