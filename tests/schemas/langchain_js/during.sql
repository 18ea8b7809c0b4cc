INSERT INTO n8n_vectors ("text", metadata, embedding) VALUES ('during', '{"source": "blob"}', model.embed('during'));
