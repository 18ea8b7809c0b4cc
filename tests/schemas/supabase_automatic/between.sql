UPDATE documents SET title = title || '?' WHERE id % 10 = 3;
UPDATE documents d SET embedding = model.embed(embedding_input(d))::vector::halfvec WHERE id % 10 = 3;
