SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT read_documents();
SELECT read_titles();
