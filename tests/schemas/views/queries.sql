SELECT id, content FROM visible ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
SELECT id FROM odd ORDER BY "The Vector" <=> model.embed('text 9')::vector LIMIT 5;
SELECT * FROM nearest(model.embed('text 9')::vector, 5);
