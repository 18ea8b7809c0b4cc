BEGIN;
INSERT INTO library_passage (body, page, embedding, book_id)
SELECT 'during', NULL, model.embed('during'), max(id) + 1 FROM library_book;
INSERT INTO library_book (title) SELECT 'book ' || max(id) + 1 FROM library_book;
COMMIT;
