UPDATE embeddings SET document = document || '?', embedding = model.embed(document || '?')
WHERE id % 10 = 6 AND collection_id = 1;
DELETE FROM embeddings WHERE id % 10 = 7;
