INSERT INTO documents (id, content, embedding) SELECT max(id) + 1, 'during', model.embed('during') FROM documents;
UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 1;
DELETE FROM documents WHERE id % 10 = 2;
