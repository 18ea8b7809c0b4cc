SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents ORDER BY of_title <=> model.embed('title 7')::vector LIMIT 5;
SELECT id, apart FROM shown ORDER BY id;
SELECT count(*) FROM log;
