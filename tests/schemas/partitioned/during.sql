INSERT INTO documents (id, year, lang, content, embedding)
SELECT max(id) + n, 2022 + n, 'fr', 'during ' || n, model.embed('during ' || n)
FROM documents, generate_series(1, 4) AS n GROUP BY n;
UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 1;
UPDATE documents SET year = 2025, lang = 'de' WHERE id % 10 = 5;
DELETE FROM documents WHERE id % 10 = 2;
