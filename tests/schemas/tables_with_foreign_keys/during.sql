UPDATE authors SET name = name || '!', embedding = model.embed(name || '!') WHERE id % 5 = 1;
UPDATE books SET title = title || '!', embedding = model.embed(title || '!') WHERE id % 5 = 2;
DELETE FROM parts WHERE id % 10 = 3 AND id > 10;
