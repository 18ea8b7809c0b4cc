UPDATE documents SET content = content || '?', embedding = model.embed(content || '?') WHERE id % 10 = 3;
INSERT INTO letters (id, content, embedding) SELECT max(id) + 1, 'between', model.embed('between') FROM documents;
DELETE FROM ONLY documents WHERE id % 10 = 4;
