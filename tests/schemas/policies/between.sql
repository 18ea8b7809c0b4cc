SET ROLE case_reader;
INSERT INTO documents (id, content, embedding) SELECT max(id) + 2, 'between', model.embed('between') FROM documents;
UPDATE documents SET content = content || '?', embedding = model.embed(content || '?') WHERE id % 10 = 7;
