-- Dify: a table a knowledge base, its name made of an identifier.
CREATE TABLE IF NOT EXISTS embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node (
    id uuid PRIMARY KEY,
    text text NOT NULL,
    meta jsonb NOT NULL,
    embedding vector(16) NOT NULL
) USING heap;
CREATE INDEX IF NOT EXISTS embedding_cosine_v1_idx_0b5d3a8e
    ON embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
INSERT INTO embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node
SELECT md5('segment ' || n)::uuid, 'text ' || n, jsonb_build_object('document_id', n % 3), model.embed('text ' || n) FROM generate_series(1, 40) AS n;
