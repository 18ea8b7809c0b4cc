SELECT id FROM documents ORDER BY embedding <=> model.embed(upper('text 9'))::vector LIMIT 5;
SELECT content FROM public.seen ORDER BY embedding <=> model.embed(upper('text 9'))::vector LIMIT 5;
