INSERT INTO documents (id, content, embedding) SELECT max(id) + 1, 'between', model.embed('between') FROM documents;
UPDATE documents SET content = content || ' again', embedding = model.embed(content || ' again') WHERE id % 10 = 3;
DELETE FROM documents WHERE id % 10 = 4;
