SELECT id FROM parts ORDER BY embedding <=> model.embed('part 5')::vector::halfvec LIMIT 5;
SELECT id, edition FROM books ORDER BY embedding <-> model.embed('title 51')::vector LIMIT 5;
SELECT id, vector_dims(of_author) = vector_dims(of_book) FROM written ORDER BY id;
