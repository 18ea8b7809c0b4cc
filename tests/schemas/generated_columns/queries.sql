SELECT id FROM documents ORDER BY embedding <=> model.embed('title 9: body 9')::vector LIMIT 5;
SELECT id FROM documents WHERE search @@ websearch_to_tsquery('english', 'title 9') ORDER BY id;
