SELECT id FROM documents ORDER BY embedding <=> padded('text 7')::vector LIMIT 5;
