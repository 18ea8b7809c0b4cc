INSERT INTO n8n_vectors ("text", metadata, embedding) VALUES ('between', '{"source": "blob"}', model.embed('between'));
DELETE FROM n8n_vectors WHERE "text" = 'text 2';
