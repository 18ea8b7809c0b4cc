SELECT id, title, chunk FROM blog_contents_embedding ORDER BY embedding <=> model.embed('text 9 part 0')::vector LIMIT 4;
