SELECT id FROM app.documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
