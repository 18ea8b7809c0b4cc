INSERT INTO by_trigger SELECT max(id) + 1, 'during', model.embed('during') FROM documents;
UPDATE by_rule SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 5;
DELETE FROM by_rule WHERE id % 10 = 6;
SET ROLE case_reader;
INSERT INTO plain (id, embedding) SELECT max(id) + 1, model.embed('by default') FROM plain;
