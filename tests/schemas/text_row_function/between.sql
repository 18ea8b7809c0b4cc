UPDATE app.documents SET body = 'between' WHERE id % 10 = 3;
UPDATE app.documents d SET embedding = model.embed(app.embedding_input(d)) WHERE id % 10 = 3;
