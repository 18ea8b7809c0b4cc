SELECT id FROM documents ORDER BY embedding <=> model.embed('text 9')::halfvec LIMIT 5;
