INSERT INTO documents (id, content, embedding) SELECT max(id) + 1, 'between', model.embed('between') FROM documents;
