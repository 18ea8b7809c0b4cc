SELECT id FROM chunks ORDER BY embedding <=> model.embed(E'title 3\nlabel 2\nlabel 9\ntext 10')::vector LIMIT 5;
SELECT id, chunk_text(c) FROM chunks c ORDER BY id;
