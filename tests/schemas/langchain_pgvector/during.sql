INSERT INTO langchain_pg_embedding (id, collection_id, document, embedding, cmetadata)
VALUES ('during', '11111111-1111-4111-8111-111111111111', 'during', model.embed('during'), '{}')
ON CONFLICT (id) DO UPDATE SET document = excluded.document, embedding = excluded.embedding, cmetadata = excluded.cmetadata;
