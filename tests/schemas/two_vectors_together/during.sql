UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 1;
UPDATE documents SET title = title || '!', of_title = model.embed(title || '!') WHERE id % 10 = 2;
