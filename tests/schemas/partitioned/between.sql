UPDATE documents SET content = content || '?', embedding = model.embed(content || '?') WHERE id % 10 = 3;
UPDATE documents SET year = 2024, lang = 'it' WHERE id % 10 = 6;
DELETE FROM documents WHERE id % 10 = 4;
