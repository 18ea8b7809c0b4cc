UPDATE documents SET content = content || ' edited  ', embedding = model.embed(content || ' edited') WHERE id % 10 = 5;
