SELECT content, metadata, embedding <=> model.embed('text 9')::vector AS distance FROM vector_store
WHERE embedding <=> model.embed('text 9')::vector < 2 AND metadata::jsonb @@ '$.year == 2000'::jsonpath
ORDER BY distance LIMIT 4;
