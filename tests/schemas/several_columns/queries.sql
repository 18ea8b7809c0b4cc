SELECT id FROM articles ORDER BY body_embedding <=> model.embed('body 11')::vector LIMIT 5;
SELECT id FROM articles ORDER BY title_embedding <=> model.embed('title 11')::vector LIMIT 5;
SELECT id FROM comments WHERE NOT spam ORDER BY embedding <=> model.embed('comment 11')::vector LIMIT 5;
SELECT id, comment, apart FROM everything ORDER BY id, comment;
