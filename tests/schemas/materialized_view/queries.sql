SELECT id FROM hot ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 3;
