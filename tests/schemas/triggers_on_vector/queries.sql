SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT by, count(*) FROM log GROUP BY by ORDER BY by;
