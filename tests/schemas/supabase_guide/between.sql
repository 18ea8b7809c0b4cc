INSERT INTO documents (content, metadata, embedding) VALUES ('between', '{"page": 1}', model.embed('between'));
