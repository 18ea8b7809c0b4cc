SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
