SELECT id FROM app.near ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
