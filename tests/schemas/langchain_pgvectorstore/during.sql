INSERT INTO "public"."vectorstore"("langchain_id", "content", "embedding", "topic", langchain_metadata)
VALUES (md5('during')::uuid, 'during', model.embed('during'), NULL, '{}')
ON CONFLICT ("langchain_id") DO UPDATE SET "content" = EXCLUDED."content", "embedding" = EXCLUDED."embedding",
    "topic" = EXCLUDED."topic", langchain_metadata = EXCLUDED.langchain_metadata;
