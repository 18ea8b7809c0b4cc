SET ROLE case_reader;
INSERT INTO documents (id, content, embedding) SELECT max(id) + 2, 'during', model.embed('during') FROM documents;
UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 5;
