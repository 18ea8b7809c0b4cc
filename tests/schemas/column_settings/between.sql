SET ROLE case_reader;
INSERT INTO documents (id, content, embedding)
VALUES (extract(epoch FROM clock_timestamp())::int, 'between', model.embed('between'));
