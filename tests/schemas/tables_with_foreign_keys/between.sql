UPDATE parts SET content = content || '?', embedding = model.embed(content || '?')::vector::halfvec WHERE id % 10 = 4;
DELETE FROM books WHERE (id, edition) IN (SELECT b.id, b.edition FROM books b WHERE NOT EXISTS (
    SELECT FROM parts p JOIN authors a ON a.best = p.id WHERE (p.book, p.edition) = (b.id, b.edition)));
