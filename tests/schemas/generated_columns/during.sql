UPDATE documents SET body = 'during', embedding = model.embed(title || ': during') WHERE id % 10 = 5;
