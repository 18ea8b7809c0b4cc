INSERT INTO documents (id, content, embedding) SELECT max(id) + 1, 'between', padded('between') FROM documents;
UPDATE documents SET content = content || '?', embedding = padded(content || '?') WHERE id % 10 = 3;
DELETE FROM documents WHERE id % 10 = 4;
