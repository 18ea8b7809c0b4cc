UPDATE by_trigger SET words = words || '?', meaning = model.embed(words || '?') WHERE number % 10 = 7;
UPDATE by_rule SET content = content || '?', embedding = model.embed(content || '?') WHERE id % 10 = 8;
DELETE FROM by_rule WHERE id % 10 = 9;
SET ROLE case_reader;
INSERT INTO plain (id, embedding) SELECT max(id) + 1, model.embed('by default') FROM plain;
