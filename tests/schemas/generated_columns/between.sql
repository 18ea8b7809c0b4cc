UPDATE documents SET body = 'between', embedding = model.embed(title || ': between') WHERE id % 10 = 6;
