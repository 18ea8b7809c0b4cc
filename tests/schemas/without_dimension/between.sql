UPDATE embeddings SET document = document || '?', embedding = model.embed(document || '?')
WHERE id % 10 = 6 AND collection = 'mine';
