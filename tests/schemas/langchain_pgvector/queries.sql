SELECT langchain_pg_embedding.id, document, langchain_pg_embedding.cmetadata, embedding <=> model.embed('text 9')::vector AS distance
FROM langchain_pg_embedding
JOIN langchain_pg_collection ON langchain_pg_embedding.collection_id = langchain_pg_collection.uuid
WHERE langchain_pg_embedding.collection_id = '22222222-2222-4222-8222-222222222222'
  AND langchain_pg_embedding.cmetadata @@ '$.source == 0'
ORDER BY distance LIMIT 4;
SELECT id FROM langchain_pg_embedding ORDER BY embedding <=> model.embed('text 9')::vector LIMIT 4;
