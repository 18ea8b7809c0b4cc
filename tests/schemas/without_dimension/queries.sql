SELECT id FROM embeddings WHERE collection = 'mine' ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
SELECT id FROM embeddings WHERE collection = 'other' ORDER BY embedding <-> '[33, 1, 2]'::vector, id LIMIT 5;
