SELECT id FROM documents ORDER BY embedding <=> model.embed(E'# title 7\n\ntext 7')::vector::halfvec LIMIT 5;
SELECT count(*) FROM util.jobs;
