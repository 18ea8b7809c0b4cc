SELECT post_id FROM ai_posts_embeddings WHERE model_id = 1 AND strategy_id = 1
ORDER BY binary_quantize(embeddings)::bit(:dimensions) <~> binary_quantize(model.embed('text 3')::vector::halfvec(:dimensions)) LIMIT 1;
SELECT post_id, embeddings::halfvec(8) <#> '[1,2,3,4,5,6,7,8]' FROM ai_posts_embeddings WHERE model_id = 2 ORDER BY post_id;
