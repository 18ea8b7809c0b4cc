INSERT INTO document_chunk (id, vector, collection_name, text, vmetadata)
VALUES ('during', model.embed('during'), 'file-1', 'during', '{}') ON CONFLICT DO NOTHING;
DELETE FROM document_chunk WHERE collection_name = 'file-2' AND vmetadata->>'name' IN ('5', '8');
