-- Spring AI: vector_store.
CREATE TABLE vector_store (
    id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
    content text,
    metadata json,
    embedding vector(16)
);
INSERT INTO vector_store (content, metadata, embedding)
SELECT 'text ' || n, json_build_object('year', 2000 + n % 3), model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX spring_ai_vector_index ON vector_store USING hnsw (embedding vector_cosine_ops);
