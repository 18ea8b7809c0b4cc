UPDATE app.documents SET title = 'during' WHERE id % 10 = 1;
UPDATE app.documents d SET embedding = model.embed(app.embedding_input(d)) WHERE id % 10 = 1;
