SELECT "langchain_id", "content", "langchain_metadata", cosine_distance("embedding", model.embed('text 9')::vector) AS distance
FROM "public"."vectorstore" WHERE topic = 'topic 0' ORDER BY "embedding" <=> model.embed('text 9')::vector LIMIT 4;
