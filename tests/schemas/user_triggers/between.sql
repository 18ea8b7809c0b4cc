UPDATE documents SET content = content || ' again  ', embedding = model.embed(content || ' again') WHERE id % 10 = 6;
DELETE FROM documents WHERE id % 10 = 7;
