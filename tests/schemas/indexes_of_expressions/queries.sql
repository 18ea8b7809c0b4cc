SELECT id FROM documents WHERE content <> '' ORDER BY embedding <=> model.embed('text 7')::vector, id LIMIT 5;
SELECT count(*) FROM documents WHERE embedding::halfvec IS NOT NULL;
