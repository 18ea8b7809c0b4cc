UPDATE documents SET title = 'between' WHERE id = 4;
INSERT INTO "the labels" VALUES (6, 'between');
INSERT INTO documents VALUES (9, 'new') ON CONFLICT DO NOTHING;
INSERT INTO chunks (id, document_id, body, embedding)
SELECT 100 + count(*), 9, 'new ' || count(*), model.embed('new ' || count(*)) FROM chunks;
UPDATE chunks c SET embedding = model.embed(chunk_text(c));
