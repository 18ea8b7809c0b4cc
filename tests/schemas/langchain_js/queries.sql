SELECT "text", metadata, "embedding" <=> model.embed('text 3')::vector AS "_distance" FROM n8n_vectors
WHERE collection_id = '11111111-1111-4111-8111-111111111111' AND metadata->>'source' = 'blob' ORDER BY "_distance" ASC LIMIT 4;
SELECT "text" FROM n8n_vectors ORDER BY embedding::vector(:dimensions) <=> model.embed('text 3')::vector(:dimensions) LIMIT 4;
