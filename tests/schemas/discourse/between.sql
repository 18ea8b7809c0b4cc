DELETE FROM ai_posts_embeddings WHERE post_id = 4;
