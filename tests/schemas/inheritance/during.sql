INSERT INTO articles (id, content, embedding, author)
SELECT max(id) + n, 'during ' || n, model.embed('during ' || n), 'B' FROM documents, generate_series(1, 4) AS n GROUP BY n;
INSERT INTO archive.letters (id, content, embedding) SELECT max(id) + 1, 'during', model.embed('during') FROM documents;
UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 1;
UPDATE letters SET sent = '2026-02-02' WHERE id % 10 = 5;
DELETE FROM documents WHERE id % 10 = 2;
