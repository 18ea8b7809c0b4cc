SELECT id, vector <=> model.embed('text 9')::vector AS distance, payload FROM mem0
WHERE (payload->>'user_id' = 'user 1') ORDER BY distance LIMIT 3;
