INSERT INTO documents (content, embedding) VALUES ('between', model.embed('between')), (NULL, NULL);
DELETE FROM documents WHERE id % 10 = 8;
