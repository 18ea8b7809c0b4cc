SELECT id FROM documents WHERE language = 'en' AND NOT archived ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
