UPDATE articles SET body = body || '!', body_embedding = model.embed(body || '!') WHERE id % 10 = 5;
UPDATE articles SET title = title || '!', title_embedding = model.sixteen(title || '!') WHERE id % 10 = 6;
