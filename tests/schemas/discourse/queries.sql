SELECT post_id FROM (
    SELECT post_id, embeddings FROM ai_posts_embeddings WHERE model_id = 1 AND strategy_id = 1
    ORDER BY binary_quantize(embeddings)::bit(:dimensions)
             <~> binary_quantize(model.embed('text 3')::vector::halfvec(:dimensions)) LIMIT 20
) AS candidates
ORDER BY embeddings::halfvec(:dimensions) <=> model.embed('text 3')::vector::halfvec(:dimensions) LIMIT 3;
