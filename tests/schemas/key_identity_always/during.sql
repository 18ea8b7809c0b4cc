INSERT INTO documents (content, embedding) VALUES ('during', model.embed('during')), (NULL, NULL);
UPDATE documents SET content = NULL, embedding = NULL WHERE id % 10 = 7;
