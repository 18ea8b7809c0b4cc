SELECT id FROM documents ORDER BY embedding <=> model.embed('text 7')::vector LIMIT 5;
SELECT count(*) FROM ai._vectorizer_q_1;
