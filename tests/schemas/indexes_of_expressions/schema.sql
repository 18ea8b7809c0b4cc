-- Indexes in half precision, of bits, of a cast, each for some rows.
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
INSERT INTO documents SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX half ON documents USING hnsw ((embedding::halfvec(16)) halfvec_l2_ops) WHERE id > 3;
CREATE INDEX bits ON documents USING hnsw ((binary_quantize(embedding)::bit(16)) bit_hamming_ops) WITH (m = 8);
CREATE INDEX cast_to_it ON documents USING hnsw ((embedding::vector(16)) vector_cosine_ops) WHERE content <> '';
-- How PostgreSQL prints definitions, and reads strings, in sessions of this database.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET quote_all_identifiers = on', current_database());
    EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database());
END
$$;
