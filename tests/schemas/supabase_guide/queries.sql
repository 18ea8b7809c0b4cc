SELECT * FROM match_documents(model.embed('text 9')::vector, 4);
SELECT * FROM match_documents(model.embed('text 9')::vector, 4, '{"page": 1}');
SELECT id FROM documents ORDER BY embedding <#> model.embed('text 9')::vector LIMIT 4;
