UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 5 = 3;
