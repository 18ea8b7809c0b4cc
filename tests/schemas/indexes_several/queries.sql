SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents ORDER BY embedding <-> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents WHERE kind = 'plain' AND embedding IS NOT NULL ORDER BY embedding <#> model.embed('text 7')::vector LIMIT 5;
SELECT count(*) FROM documents WHERE embedding IS NULL;
