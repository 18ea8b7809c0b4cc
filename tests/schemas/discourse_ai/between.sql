INSERT INTO posts VALUES (7, 'between');
INSERT INTO ai_posts_embeddings (post_id, model_id, model_version, strategy_id, strategy_version, digest, embeddings, created_at, updated_at)
VALUES (7, 1, 1, 1, 1, 'between', model.embed('between')::vector, now(), now())
ON CONFLICT (model_id, strategy_id, post_id) DO UPDATE SET digest = excluded.digest, embeddings = excluded.embeddings;
