SELECT c.id, d.first_chunk FROM chunks c JOIN documents d ON d.id = c.document_id
ORDER BY c.embedding <=> model.embed('text 19')::vector LIMIT 5;
