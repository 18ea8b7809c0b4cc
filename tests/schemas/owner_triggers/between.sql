UPDATE app.documents SET content = 'between ' || id || '  ', embedding = model.embed('between ' || id) WHERE id % 10 = 3;
