SELECT id FROM documents WHERE content <> '' ORDER BY embedding <=> model.embed('text 7')::vector, id LIMIT 5;
SELECT count(*) FROM documents WHERE embedding::halfvec IS NOT NULL;
SELECT id FROM documents WHERE id > 3
ORDER BY embedding::halfvec(:dimensions) <-> model.embed('text 7')::halfvec(:dimensions) LIMIT 5;
SELECT id FROM (
    SELECT id, embedding FROM documents
    ORDER BY binary_quantize(embedding)::bit(:dimensions) <~> binary_quantize(model.embed('text 7')::vector) LIMIT 100
) AS near ORDER BY embedding <=> model.embed('text 7')::vector, id LIMIT 5;
