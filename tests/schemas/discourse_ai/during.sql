INSERT INTO ai_posts_embeddings (post_id, model_id, model_version, strategy_id, strategy_version, digest, embeddings, created_at, updated_at)
VALUES (4, 2, 1, 1, 1, 'during', '[4,1,2,3,4,5,6,7]', now(), now()), (2, 1, 1, 1, 1, 'during', model.embed('text 2')::vector, now(), now())
ON CONFLICT (model_id, strategy_id, post_id) DO UPDATE SET digest = excluded.digest, embeddings = excluded.embeddings;
