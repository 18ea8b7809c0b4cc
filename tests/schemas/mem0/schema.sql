-- mem0: the text inside of the payload.
CREATE TABLE mem0 (id uuid PRIMARY KEY, vector vector(16), payload jsonb);
INSERT INTO mem0
SELECT md5('memory ' || n)::uuid, model.embed('text ' || n), jsonb_build_object('data', 'text ' || n, 'user_id', 'user ' || n % 2)
FROM generate_series(1, 40) AS n;
CREATE INDEX mem0_hnsw_idx ON mem0 USING hnsw (vector vector_cosine_ops);
