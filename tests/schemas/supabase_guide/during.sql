INSERT INTO documents (content, metadata, embedding) VALUES ('during', '{"page": 1}', model.embed('during'));
