INSERT INTO writable (id, content, embedding)
SELECT coalesce(max(id), 0) + 1, 'during', model.embed('during') FROM writable;
