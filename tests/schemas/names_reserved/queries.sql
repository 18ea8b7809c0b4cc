SELECT "select" FROM "user"."order" WHERE "select" > 2 ORDER BY "vector" <=> model.embed('text 9')::vector LIMIT 5;
SELECT "select" FROM "user"."group" WHERE "select" > 2 ORDER BY "vector" <=> model.embed('text 9')::vector LIMIT 5;
