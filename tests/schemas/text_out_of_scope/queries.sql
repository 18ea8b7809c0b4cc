SELECT id FROM documents WHERE kind = 'text' AND content <> '' ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
