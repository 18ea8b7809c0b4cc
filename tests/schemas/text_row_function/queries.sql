SELECT id FROM app.documents ORDER BY embedding <=> model.embed(E'# title 7\n\ntext 7')::vector LIMIT 5;
