SELECT kind, id FROM every_document ORDER BY embedding <=> model.embed('text 7')::vector, kind, id LIMIT 5;
SELECT id FROM articles ORDER BY embedding <=> model.embed('text 7')::vector, id LIMIT 5;
SELECT id FROM ONLY documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM ONLY letters WHERE id > 3 ORDER BY embedding <=> model.embed('text 27')::vector LIMIT 5;
SELECT id FROM archive.letters ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT kind, id, embedding <=> model.embed('text 7')::vector FROM every_document ORDER BY kind, id;
