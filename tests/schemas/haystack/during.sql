INSERT INTO haystack_documents (id, embedding, content) VALUES ('during', model.embed('during'), 'during')
ON CONFLICT (id) DO UPDATE SET embedding = EXCLUDED.embedding, content = EXCLUDED.content, meta = '{}';
