SELECT id FROM documents ORDER BY embedding OPERATOR(extensions.<=>) model.embed('text 9')::extensions.vector LIMIT 5;
SELECT id, other FROM near ORDER BY distance, id, other LIMIT 50;
