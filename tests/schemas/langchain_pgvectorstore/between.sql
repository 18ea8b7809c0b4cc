DELETE FROM "public"."vectorstore" WHERE langchain_id::text IN (md5('id 3')::uuid::text);
INSERT INTO "public"."vectorstore"("langchain_id", "content", "embedding", "topic", langchain_metadata)
VALUES (md5('during')::uuid, 'between', model.embed('between'), NULL, '{}')
ON CONFLICT ("langchain_id") DO UPDATE SET "content" = EXCLUDED."content", "embedding" = EXCLUDED."embedding",
    "topic" = EXCLUDED."topic", langchain_metadata = EXCLUDED.langchain_metadata;
