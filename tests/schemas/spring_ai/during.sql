INSERT INTO vector_store (id, content, metadata, embedding)
VALUES ('33333333-3333-4333-8333-333333333333', 'during', '{}'::json, model.embed('during'))
ON CONFLICT (id) DO UPDATE SET content = 'during again', metadata = '{}'::json, embedding = model.embed('during again');
