DELETE FROM vector_store WHERE metadata::jsonb @@ '$.year == 2001'::jsonpath AND content LIKE '%3%';
