SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents WHERE year = 2025 ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents_2024 ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents WHERE id > 3
ORDER BY embedding::halfvec(:dimensions) <-> model.embed('text 7')::halfvec(:dimensions) LIMIT 5;
SELECT id, embedding <=> model.embed('text 7')::vector FROM recent ORDER BY id;
SELECT id FROM documents_2025 ORDER BY embedding <#> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM archive.documents_2022 WHERE id > 2 ORDER BY embedding <#> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM documents_2024 ORDER BY embedding <+> model.embed('text 7')::vector LIMIT 5;
