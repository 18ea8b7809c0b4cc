-- Discourse AI: halfvec without dimension, two models in it, indexes of bits for each; the index tells the scope.
CREATE TABLE ai_posts_embeddings (
    post_id bigint NOT NULL,
    model_id bigint NOT NULL,
    strategy_id integer NOT NULL,
    digest text NOT NULL,
    embeddings halfvec NOT NULL,
    created_at timestamp DEFAULT now() NOT NULL
);
CREATE UNIQUE INDEX index_ai_posts_embeddings_on_model_strategy_post
ON ai_posts_embeddings (model_id, strategy_id, post_id);
INSERT INTO ai_posts_embeddings (post_id, model_id, strategy_id, digest, embeddings)
SELECT n, 1, 1, 'text ' || n, model.embed('text ' || n)::vector FROM generate_series(1, 6) AS n;
INSERT INTO ai_posts_embeddings (post_id, model_id, strategy_id, digest, embeddings)
SELECT n, 2, 1, 'text ' || n, '[1, -2, 3]' FROM generate_series(1, 4) AS n;
CREATE INDEX ai_posts_embeddings_1_1_search_bit ON ai_posts_embeddings
USING hnsw ((binary_quantize(embeddings)::bit(16)) bit_hamming_ops) WHERE model_id = 1 AND strategy_id = 1;
CREATE INDEX ai_posts_embeddings_2_1_search_bit ON ai_posts_embeddings
USING hnsw ((binary_quantize(embeddings)::bit(3)) bit_hamming_ops) WHERE model_id = 2 AND strategy_id = 1;
