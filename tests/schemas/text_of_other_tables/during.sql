-- Other tables alone: the chunks are not written.
UPDATE documents SET title = 'during' WHERE id = 3;
DELETE FROM "the labels" WHERE document_id = 5;
INSERT INTO "the labels" VALUES (8, 'during');
-- And a row.
UPDATE chunks SET body = 'during' WHERE id = 17;
UPDATE chunks c SET embedding = model.embed(chunk_text(c));
