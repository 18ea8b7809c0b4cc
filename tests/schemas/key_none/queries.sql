SELECT content, count(*) FROM notes GROUP BY content, embedding ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 5;
