SELECT content FROM documents ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 1;
SELECT name FROM documents WHERE content = '' ORDER BY embedding <=> model.embed('')::vector LIMIT 3;
