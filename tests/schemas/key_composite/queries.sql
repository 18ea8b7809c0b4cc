SELECT document, number, content FROM chunks ORDER BY embedding <-> model.embed('text 9')::vector LIMIT 5;
