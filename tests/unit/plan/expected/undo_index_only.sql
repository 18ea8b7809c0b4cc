-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, milliseconds; reads and writes go on, only if sql/manual_rollback.sql was broken off
DROP INDEX CONCURRENTLY IF EXISTS "public"."migrator_rollback_1_1";
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, milliseconds; reads and writes go on, only if an earlier try left it invalid
DROP INDEX CONCURRENTLY IF EXISTS "public"."migrator_index_2_1";
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, the whole build; reads and writes go on
CREATE INDEX CONCURRENTLY "migrator_index_2_1" ON "public"."documents" USING "hnsw" ("embedding" "public"."vector_cosine_ops") WITH ("m" = 16, "ef_construction" = 64);
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, milliseconds; reads and writes go on
DROP INDEX CONCURRENTLY IF EXISTS "public"."documents_embedding_idx";
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) FROM "public"."documents" WHERE "embedding" IS NULL AND ((true) AND "embedding" IS NOT NULL) IS TRUE AND true;
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) AS vectors,
       count(*) FILTER (WHERE migrator_dimensions <> :dimensions) AS other_dimensions,
       count(*) FILTER (WHERE migrator_norm = 0) AS zero,
       count(*) FILTER (WHERE migrator_norm = 'NaN' OR migrator_norm = 'Infinity') AS not_finite,
       min(migrator_norm)::float8 AS least_norm, max(migrator_norm)::float8 AS greatest_norm,
       count(DISTINCT migrator_hash) AS distinct_vectors,
       count(DISTINCT migrator_key) AS distinct_keys
FROM (SELECT "public".vector_dims(migrator_vector) AS migrator_dimensions, "public"."vector_norm"(migrator_vector) AS migrator_norm,
             sha256("public".vector_send(migrator_vector)) AS migrator_hash, migrator_key
      FROM (SELECT "public".subvector("embedding", 1, "public".vector_dims("embedding")) AS migrator_vector,
                   "public"."vector_send"("embedding") AS migrator_key
            FROM "public"."documents" WHERE "embedding" IS NOT NULL AND ((true) AND "embedding" IS NOT NULL) OFFSET 0) AS migrator_rows
      OFFSET 0) AS migrator_found;
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT migrator_vector::text
FROM (SELECT "embedding" AS migrator_vector FROM "public"."documents"
      WHERE "embedding" IS NOT NULL AND ((true) AND "embedding" IS NOT NULL) AND (true)
      ORDER BY "public"."vector_send"("embedding") LIMIT :limit) AS migrator_sample;
-- verify: public.documents.embedding; ACCESS SHARE, milliseconds
EXPLAIN (FORMAT JSON) SELECT ctid FROM "public"."documents" WHERE (true)
ORDER BY "embedding" OPERATOR("public".<=>) (:vector::"public"."vector") LIMIT :limit;
-- verify: public.documents.embedding; ACCESS SHARE, 32 times by the index
SELECT ("embedding" OPERATOR("public".<=>) (:vector::"public"."vector"))::float8 FROM "public"."documents" WHERE (true)
ORDER BY "embedding" OPERATOR("public".<=>) (:vector::"public"."vector") LIMIT :limit;
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT migrator_query, migrator_bucket, count(*)
FROM (SELECT migrator_query, width_bucket(migrator_distance, migrator_distances) AS migrator_bucket
      FROM (SELECT q.migrator_query, q.migrator_distances,
                   (t.migrator_vector OPERATOR("public".<=>) q.migrator_vector)::float8 AS migrator_distance
            FROM (SELECT "public".subvector("embedding", 1, "public".vector_dims("embedding")) AS migrator_vector
                  FROM "public"."documents" WHERE "embedding" IS NOT NULL AND (true) OFFSET 0) AS t
            CROSS JOIN (SELECT n::int - 1 AS migrator_query, (v::"public"."vector") AS migrator_vector,
                               d::float8[] AS migrator_distances
                        FROM ROWS FROM (unnest(:vectors::text[]), unnest(:distances::text[]))
                             WITH ORDINALITY AS u (v, d, n) OFFSET 0) AS q
            OFFSET 0) AS migrator_all
      WHERE migrator_distance < migrator_distances[array_upper(migrator_distances, 1)]) AS migrator_closer
GROUP BY 1, 2;
-- verify: public.documents.embedding; ACCESS SHARE, milliseconds
SELECT count(*) FROM (SELECT FROM "public"."documents" WHERE "embedding" IS NOT NULL AND (true) LIMIT 10) AS migrator_present;
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
LOCK TABLE "public"."documents" IN ACCESS EXCLUSIVE MODE;
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER INDEX "public"."migrator_index_2_1" RENAME TO "documents_embedding_idx";
