BEGIN;
INSERT INTO documents SELECT max(id) + 1, (max(id) + 1) * 10 FROM documents;
INSERT INTO chunks (id, document_id, content, embedding)
SELECT max(id) * 10, max(id), 'during', model.embed('during') FROM documents;
COMMIT;
