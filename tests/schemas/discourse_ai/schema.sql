-- Discourse AI: several models in a halfvec column, an index of bits for each, texts in another table, no primary key.
CREATE TABLE posts (id int PRIMARY KEY, raw text NOT NULL);
CREATE TABLE ai_posts_embeddings (
    post_id bigint NOT NULL,
    model_id bigint NOT NULL,
    model_version int NOT NULL,
    strategy_id int NOT NULL,
    strategy_version int NOT NULL,
    digest text NOT NULL,
    embeddings halfvec NOT NULL,
    created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL
);
CREATE UNIQUE INDEX index_ai_posts_embeddings_on_model_strategy_post
    ON ai_posts_embeddings (model_id, strategy_id, post_id);
CREATE INDEX ai_posts_embeddings_1_1_search_bit ON ai_posts_embeddings
    USING hnsw ((binary_quantize(embeddings)::bit(16)) bit_hamming_ops) WHERE model_id = 1 AND strategy_id = 1;
CREATE INDEX ai_posts_embeddings_2_1_search_bit ON ai_posts_embeddings
    USING hnsw ((binary_quantize(embeddings)::bit(8)) bit_hamming_ops) WHERE model_id = 2 AND strategy_id = 1;
CREATE INDEX ai_posts_embeddings_3_1_search_bit ON ai_posts_embeddings
    USING hnsw ((binary_quantize(embeddings)::bit(16)) bit_hamming_ops) WHERE model_id = 3 AND strategy_id = 1;
INSERT INTO posts SELECT n, 'text ' || n FROM generate_series(1, 6) AS n;
INSERT INTO ai_posts_embeddings
SELECT n, 1, 1, 1, 1, '', model.embed('text ' || n)::vector, now(), now() FROM generate_series(1, 6) AS n;
INSERT INTO ai_posts_embeddings
SELECT n, 2, 1, 1, 1, '', ARRAY[n, 1, 2, -3, 4, -5, 6, 7]::vector, now(), now() FROM generate_series(1, 3) AS n;
