SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT id FROM nearest(model.embed('text 7')::vector);
SELECT id, distance FROM by_function ORDER BY distance;
SELECT id, length_of(d) FROM documents d ORDER BY id;
SELECT id, content FROM all_of_them();
