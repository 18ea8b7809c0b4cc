-- The text in a JSON document.
CREATE TABLE memories (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    vector vector(16),
    payload jsonb
);
INSERT INTO memories (vector, payload)
SELECT model.embed('text ' || n), jsonb_build_object('data', 'text ' || n, 'user', n % 3) FROM generate_series(1, 40) AS n;
INSERT INTO memories (payload) VALUES (NULL), ('{}'), ('{"data": null}'), ('"data"'), ('[1]');
CREATE INDEX memories_vector_idx ON memories USING hnsw (vector vector_cosine_ops);
CREATE INDEX memories_payload_idx ON memories USING gin (payload);
