SELECT id FROM vectors ORDER BY body_embedding <=> model.embed('body 9')::vector LIMIT 5;
SELECT id FROM vectors ORDER BY title_embedding <=> model.sixteen('title 9')::vector LIMIT 5;
