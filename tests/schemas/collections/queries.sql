SELECT id FROM embeddings WHERE collection_id = 2 ORDER BY embedding::vector(3) <-> '[33.3, 1, 2]'::vector LIMIT 5;
SELECT id FROM embeddings WHERE collection_id = 1 ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
