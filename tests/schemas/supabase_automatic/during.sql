UPDATE documents SET content = content || '!' WHERE id % 10 = 1;
UPDATE documents d SET embedding = model.embed(embedding_input(d))::vector::halfvec WHERE id % 10 = 1;
