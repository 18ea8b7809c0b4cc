SELECT id, content, embedding <-> model.embed('text 9')::vector FROM documents
WHERE id % 10 <> 6 ORDER BY embedding <-> model.embed('text 9')::vector LIMIT 5;
