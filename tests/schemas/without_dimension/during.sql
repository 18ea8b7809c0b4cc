INSERT INTO embeddings (id, collection, document, embedding)
SELECT max(id) + 1, 'other', 'during', ARRAY[1, 2, 3]::vector FROM embeddings;
UPDATE embeddings SET document = document || '!', embedding = model.embed(document || '!')
WHERE id % 10 = 5 AND collection = 'mine';
