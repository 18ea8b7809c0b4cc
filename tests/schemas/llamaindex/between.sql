INSERT INTO data_documents (text, metadata_, node_id, embedding) VALUES ('between', '{}', 'between', model.embed('between'));
DELETE FROM data_documents WHERE node_id = md5('node 4')::uuid::text;
