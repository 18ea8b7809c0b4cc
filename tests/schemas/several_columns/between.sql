UPDATE articles SET body = body || '?', body_embedding = model.embed(body || '?') WHERE id % 10 = 7;
UPDATE articles SET title = title || '?', title_embedding = model.embed(title || '?') WHERE id % 10 = 8;
DELETE FROM articles WHERE id % 10 = 9;
