-- Binary vectors, which no model of this project gives.
CREATE TABLE documents (id int PRIMARY KEY, content text NOT NULL, embedding bit(16));
INSERT INTO documents SELECT n, 'text ' || n, binary_quantize(model.embed('text ' || n)::vector) FROM generate_series(1, 20) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding bit_hamming_ops);
