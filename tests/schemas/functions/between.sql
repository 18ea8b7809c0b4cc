CALL embed_again(8);
INSERT INTO documents (id, content, embedding) SELECT max(id) + 1, 'between', model.embed('between') FROM documents;
UPDATE documents SET content = content || '?', embedding = model.embed(content || '?') WHERE id % 10 = 3;
DELETE FROM documents WHERE id % 10 = 4;
