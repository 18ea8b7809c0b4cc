SELECT id FROM documents ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
SELECT count(*) FROM queue;
