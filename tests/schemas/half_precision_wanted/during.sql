UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 5;
