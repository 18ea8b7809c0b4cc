INSERT INTO ai_posts_embeddings (post_id, model_id, strategy_id, digest, embeddings)
VALUES (2, 1, 1, 'during', model.embed('during')::vector)
ON CONFLICT (model_id, strategy_id, post_id) DO UPDATE SET digest = EXCLUDED.digest, embeddings = EXCLUDED.embeddings;
