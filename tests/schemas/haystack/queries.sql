SELECT id, content, 1 - (embedding <=> model.embed('text 9')::vector) AS score FROM "public"."haystack_documents"
ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 4;
SELECT id FROM haystack_documents WHERE to_tsvector('english', content) @@ plainto_tsquery('english', 'text 9') ORDER BY id;
