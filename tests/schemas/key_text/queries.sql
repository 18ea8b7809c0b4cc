SELECT content FROM documents ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 1;
