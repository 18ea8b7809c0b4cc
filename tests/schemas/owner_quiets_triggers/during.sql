UPDATE app.documents SET content = '  during ' || id, embedding = model.embed('during ' || id) WHERE id % 10 = 1;
