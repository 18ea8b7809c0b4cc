SELECT p.id, p.body, (p."embedding" <-> model.embed('text 9')::vector) AS distance FROM "library_passage" p
INNER JOIN "library_book" b ON p.book_id = b.id WHERE b.title = 'book 2' ORDER BY distance ASC LIMIT 3;
SELECT id FROM library_passage ORDER BY (embedding <-> model.embed('text 9')::vector) ASC LIMIT 3;
