DELETE FROM langchain_pg_embedding WHERE id IN ('id 3', 'during');
INSERT INTO langchain_pg_embedding (id, collection_id, document, embedding, cmetadata)
VALUES ('id 4', '11111111-1111-4111-8111-111111111111', 'between', model.embed('between'), '{}')
ON CONFLICT (id) DO UPDATE SET document = excluded.document, embedding = excluded.embedding, cmetadata = excluded.cmetadata;
