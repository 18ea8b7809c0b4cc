INSERT INTO embeddings (id, collection_id, document, embedding)
SELECT max(id) + 1, 2, 'during', ARRAY[1, 2, 3]::vector FROM embeddings;
INSERT INTO embeddings (id, collection_id, document, embedding)
SELECT max(id) + 1, 1, 'during', model.embed('during') FROM embeddings;
UPDATE embeddings SET document = document || '!', embedding = model.embed(document || '!')
WHERE id % 10 = 5 AND collection_id = 1;
