-- backup: public.documents.embedding; none, instant
DROP TABLE IF EXISTS "migrator"."backup_1";
-- backup: public.documents.embedding; ACCESS SHARE, two scans in one transaction, of which this is the first; reads and writes go on
CREATE TABLE "migrator"."backup_1" AS
SELECT "id",  sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_text_hash, "embedding" AS migrator_vector FROM "public"."documents" WHERE true;
-- backup: public.documents.embedding; none, instant
DO $$
DECLARE role_ text;
BEGIN
    FOR role_ IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = '"migrator"."backup_1"'::regclass AND x.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || '"migrator"."backup_1"' || ' FROM ' || role_;
    END LOOP;
END $$;
-- backup: public.documents.embedding; ACCESS SHARE, two scans in one transaction, of which this is the second; reads and writes go on
SELECT count(*), count("embedding"),
       coalesce(sum(('x' || encode(substr(sha256("public".vector_send("embedding")), 1, 8), 'hex'))::bit(64)::bigint), 0)
FROM "public"."documents" WHERE true;
-- backup: public.documents.embedding; none, one scan of the backup table
SELECT count(*), count("migrator_vector"),
       coalesce(sum(('x' || encode(substr(sha256("public".vector_send("migrator_vector")), 1, 8), 'hex'))::bit(64)::bigint), 0)
FROM "migrator"."backup_1" WHERE true;
-- embed: public.documents.embedding; none, instant, only if the store is not there yet
CREATE TABLE "migrator"."store_8bcc59a40b942bbf" (text_hash bytea NOT NULL PRIMARY KEY, embedding "public".vector(768) NOT NULL);
-- embed: public.documents.embedding; none, instant, only if the store is not there yet
ALTER TABLE "migrator"."store_8bcc59a40b942bbf" ALTER COLUMN embedding SET STORAGE PLAIN;
-- embed: public.documents.embedding; none, instant, only if the store is not there yet
DO $$
DECLARE role_ text;
BEGIN
    FOR role_ IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = '"migrator"."store_8bcc59a40b942bbf"'::regclass AND x.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || '"migrator"."store_8bcc59a40b942bbf"' || ' FROM ' || role_;
    END LOOP;
END $$;
-- embed: public.documents.embedding; ACCESS SHARE, one scan, only if an interrupted run goes on
SELECT count(DISTINCT migrator_hash)
FROM (SELECT sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_hash FROM "public"."documents" WHERE ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true) AS migrator_texts
WHERE NOT EXISTS (SELECT FROM "migrator"."store_8bcc59a40b942bbf" AS migrator_store WHERE migrator_store.text_hash = migrator_hash);
-- embed: public.documents.embedding; ACCESS SHARE, a range of blocks at a time, only if the store lacks texts
SELECT migrator_hash, migrator_text
FROM (SELECT migrator_hash, migrator_text,
             sum(octet_length(migrator_text)) OVER (ORDER BY migrator_hash) - octet_length(migrator_text) AS migrator_before
      FROM (SELECT sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_hash, min((NULLIF((body)::text, ''))::text COLLATE "C") AS migrator_text FROM "public"."documents"
            WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true
            GROUP BY 1) AS migrator_texts
      WHERE migrator_hash > :after::bytea
        AND NOT EXISTS (SELECT FROM "migrator"."store_8bcc59a40b942bbf" AS migrator_store WHERE migrator_store.text_hash = migrator_hash)
     ) AS migrator_page
WHERE migrator_before < :bytes;
-- embed: public.documents.embedding; none, a batch at a time, only if the store lacks texts
COPY "migrator"."store_8bcc59a40b942bbf" (text_hash, embedding) FROM STDIN (FORMAT BINARY);
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" ADD COLUMN "migrator_shadow_1" "public"."vector"(768);
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" ALTER COLUMN "migrator_shadow_1" SET STORAGE EXTERNAL;
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
CREATE OR REPLACE FUNCTION "migrator"."lookup_1"(bytea) RETURNS "public"."vector"
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'BEGIN
    RETURN (SELECT embedding FROM "migrator"."store_8bcc59a40b942bbf" WHERE text_hash = $1);
END';
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DO $$
DECLARE statement_ text;
BEGIN
    FOR statement_ IN
        SELECT DISTINCT 'REVOKE ALL ON FUNCTION ' || p.oid::regprocedure || ' FROM '
               || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
        WHERE p.oid = '"migrator"."lookup_1"'::regproc AND x.grantee <> p.proowner
    LOOP
        EXECUTE statement_;
    END LOOP;
END $$;
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
CREATE OR REPLACE FUNCTION "migrator"."capture_1"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'postgres' SET "extra_float_digits" = '1' SET "bytea_output" = 'hex' SET "lc_monetary" = 'C' SET "lc_numeric" = 'C' SET "lc_time" = 'C' SET "xmlbinary" = 'base64' SET "xmloption" = 'content' SET "array_nulls" = 'on' SET "transform_null_equals" = 'off' SET "default_text_search_config" = 'pg_catalog.simple' SET "quote_all_identifiers" = 'off' SET "standard_conforming_strings" = 'on' SET "backslash_quote" = 'safe_encoding'
AS '#variable_conflict use_column
DECLARE
    before_ bytea;
    after_ bytea;
    was_due_ boolean;
    is_due_ boolean;
    in_scope_ boolean;
    new_ record;
    old_ record;
BEGIN
    
    SELECT sha256(convert_to((NULLIF((body)::text, ''''))::text, ''UTF8'')), ((true) AND (NULLIF((body)::text, '''')) IS NOT NULL), (true) INTO after_, is_due_, in_scope_ FROM (SELECT migrator_row.* FROM (SELECT NEW."body" AS "body", NEW."embedding" AS "embedding") AS migrator_row) AS "documents";
IF TG_OP = ''UPDATE'' THEN
    SELECT sha256(convert_to((NULLIF((body)::text, ''''))::text, ''UTF8'')), ((true) AND (NULLIF((body)::text, '''')) IS NOT NULL) INTO before_, was_due_ FROM (SELECT migrator_row.* FROM (SELECT OLD."body" AS "body", OLD."embedding" AS "embedding") AS migrator_row) AS "documents";
END IF;
    IF NEW."migrator_shadow_1" IS NULL OR TG_OP = ''INSERT'' OR after_ IS DISTINCT FROM before_ OR is_due_ IS DISTINCT FROM was_due_
        OR ((NEW."migrator_shadow_1" OPERATOR("public".=) OLD."migrator_shadow_1") IS NOT TRUE AND num_nonnulls(NEW."migrator_shadow_1", OLD."migrator_shadow_1") > 0) THEN
    NEW."migrator_shadow_1" := NULL;
    IF is_due_ AND EXISTS (SELECT FROM pg_class t
        JOIN pg_roles w ON w.rolname = coalesce(nullif(current_setting(''role''), ''none''), session_user)::name
        WHERE t.oid = to_regclass(''"public"."documents"'') AND has_any_column_privilege(w.oid, t.oid, ''SELECT'')
          AND (NOT t.relrowsecurity OR w.rolsuper OR w.rolbypassrls
               OR NOT t.relforcerowsecurity AND pg_has_role(w.oid, t.relowner, ''USAGE''))) THEN
        NEW."migrator_shadow_1" := "migrator"."lookup_1"(after_)::"public"."vector"(768);
    END IF;
END IF;
IF is_due_ AND NEW."migrator_shadow_1" IS NULL THEN
    PERFORM nextval(''"migrator"."missed_1"'');
END IF;
    IF TG_OP = ''UPDATE'' AND (after_ IS DISTINCT FROM before_) AND NOT ((NEW."embedding" OPERATOR("public".=) OLD."embedding") IS NOT TRUE AND num_nonnulls(NEW."embedding", OLD."embedding") > 0) THEN
    PERFORM nextval(''"migrator"."edited_1"'');
END IF;
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN
    BEGIN
    NEW."migrator_shadow_1" := NULL;
EXCEPTION WHEN OTHERS THEN
    -- Others dropped the column.
    NULL;
END;
BEGIN
    PERFORM nextval(''"migrator"."missed_1"'');
EXCEPTION WHEN OTHERS THEN
    NULL;
END;
BEGIN
    PERFORM nextval(''"migrator"."edited_1"'');
EXCEPTION WHEN OTHERS THEN
    NULL;
END;
    RETURN NEW;
END';
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DO $$
DECLARE statement_ text;
BEGIN
    FOR statement_ IN
        SELECT DISTINCT 'REVOKE ALL ON FUNCTION ' || p.oid::regprocedure || ' FROM '
               || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
        WHERE p.oid = '"migrator"."capture_1"'::regproc AND x.grantee <> p.proowner
    LOOP
        EXECUTE statement_;
    END LOOP;
END $$;
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
CREATE SEQUENCE IF NOT EXISTS "migrator"."missed_1";
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
CREATE SEQUENCE IF NOT EXISTS "migrator"."edited_1";
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DO $$
DECLARE role_ text;
BEGIN
    FOR role_ IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = '"migrator"."missed_1"'::regclass AND x.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || '"migrator"."missed_1"' || ' FROM ' || role_;
    END LOOP;
END $$;
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DO $$
DECLARE role_ text;
BEGIN
    FOR role_ IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = '"migrator"."edited_1"'::regclass AND x.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || '"migrator"."edited_1"' || ' FROM ' || role_;
    END LOOP;
END $$;
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
CREATE TRIGGER "~migrator_capture_1" BEFORE INSERT OR UPDATE ON "public"."documents" FOR EACH ROW
WHEN ((current_setting('migrator.fill', true) IS NOT DISTINCT FROM '' || pg_current_xact_id()::text
    AND pg_has_role(session_user, to_regrole('"app"'), 'MEMBER')) IS NOT TRUE) EXECUTE FUNCTION "migrator"."capture_1"();
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" ENABLE ALWAYS TRIGGER "~migrator_capture_1";
-- fill: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP INDEX IF EXISTS "public"."documents_embedding_idx";
-- fill: public.documents.embedding; ROW EXCLUSIVE, a range of blocks at a time
UPDATE "public"."documents" SET "migrator_shadow_1" = migrator_store.migrator_vector::"public"."vector"(768)
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM "migrator"."store_8bcc59a40b942bbf") AS migrator_store
WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND "documents"."migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true
  AND migrator_store.migrator_hash = sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8'));
-- fill: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) FROM "public"."documents" WHERE "migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) IS TRUE AND true;
-- fill: public.documents.embedding; ACCESS SHARE, one scan, only if rows with texts that the store lacks were written since
SELECT count(DISTINCT migrator_hash)
FROM (SELECT sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_hash FROM "public"."documents" WHERE ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND "migrator_shadow_1" IS NULL AND true) AS migrator_texts
WHERE NOT EXISTS (SELECT FROM "migrator"."store_8bcc59a40b942bbf" AS migrator_store WHERE migrator_store.text_hash = migrator_hash);
-- fill: public.documents.embedding; ACCESS SHARE, a range of blocks at a time, only if rows with texts that the store lacks were written since
SELECT migrator_hash, migrator_text
FROM (SELECT migrator_hash, migrator_text,
             sum(octet_length(migrator_text)) OVER (ORDER BY migrator_hash) - octet_length(migrator_text) AS migrator_before
      FROM (SELECT sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_hash, min((NULLIF((body)::text, ''))::text COLLATE "C") AS migrator_text FROM "public"."documents"
            WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND "migrator_shadow_1" IS NULL AND true
            GROUP BY 1) AS migrator_texts
      WHERE migrator_hash > :after::bytea
        AND NOT EXISTS (SELECT FROM "migrator"."store_8bcc59a40b942bbf" AS migrator_store WHERE migrator_store.text_hash = migrator_hash)
     ) AS migrator_page
WHERE migrator_before < :bytes;
-- fill: public.documents.embedding; none, a batch at a time, only if rows with texts that the store lacks were written since
COPY "migrator"."store_8bcc59a40b942bbf" (text_hash, embedding) FROM STDIN (FORMAT BINARY);
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, milliseconds; reads and writes go on, only if an earlier try left it invalid
DROP INDEX CONCURRENTLY IF EXISTS "public"."migrator_index_1_1";
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, the whole build; reads and writes go on
CREATE INDEX CONCURRENTLY "migrator_index_1_1" ON "public"."documents" USING "hnsw" ("migrator_shadow_1" "public"."vector_cosine_ops") WITH ("m" = 16, "ef_construction" = 64);
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, milliseconds; reads and writes go on, only if an earlier try left it invalid
DROP INDEX CONCURRENTLY IF EXISTS "public"."migrator_left_1";
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, two scans; reads and writes go on
CREATE INDEX CONCURRENTLY "migrator_left_1" ON "public"."documents" ((true)) WHERE "migrator_shadow_1" IS NULL;
-- index: public.documents.embedding; SHARE UPDATE EXCLUSIVE, a sample of the rows is read; reads and writes go on
ANALYZE "public"."documents";
-- index: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" RENAME COLUMN "embedding" TO "migrator_retired_1";
-- index: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" RENAME COLUMN "migrator_shadow_1" TO "embedding";
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
CREATE MATERIALIZED VIEW "public"."migrator_view_1_1" USING "heap"   AS SELECT id, embedding FROM public.documents WITH NO DATA;
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
ALTER TABLE "public"."migrator_view_1_1" ALTER COLUMN "embedding" SET STATISTICS 10;
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
ALTER TABLE "public"."migrator_view_1_1" ALTER COLUMN "embedding" SET STORAGE EXTERNAL;
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
CREATE UNIQUE INDEX "migrator_view_1_1_1" ON "public"."migrator_view_1_1" btree (id);
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
COMMENT ON INDEX "public"."migrator_view_1_1_1" IS 'key';
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
ALTER TABLE "public"."migrator_view_1_1" CLUSTER ON "migrator_view_1_1_1";
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
ALTER MATERIALIZED VIEW "public"."migrator_view_1_1" OWNER TO "app";
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
COMMENT ON MATERIALIZED VIEW "public"."migrator_view_1_1" IS 'near';
-- index: public.documents.embedding; ACCESS SHARE, milliseconds
DO $$
DECLARE role_ text;
BEGIN
    FOR role_ IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = '"public"."migrator_view_1_1"'::regclass AND x.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || '"public"."migrator_view_1_1"' || ' FROM ' || role_;
    END LOOP;
END $$;
-- index: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" RENAME COLUMN "embedding" TO "migrator_shadow_1";
-- index: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" RENAME COLUMN "migrator_retired_1" TO "embedding";
-- index: public.documents.embedding; ACCESS SHARE, the whole query and its indexes; reads and writes go on
REFRESH MATERIALIZED VIEW "public"."migrator_view_1_1";
-- index: public.documents.embedding; none, a sample of the rows is read
ANALYZE "public"."migrator_view_1_1";
-- verify: public.documents.embedding; ROW EXCLUSIVE, a range of blocks at a time, only if a table was rewritten, or a partition or the capture trigger was away for a while
UPDATE "public"."documents" SET "migrator_shadow_1" = NULL WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND "migrator_shadow_1" IS NOT NULL
AND NOT EXISTS (SELECT FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM "migrator"."store_8bcc59a40b942bbf") AS migrator_store
                WHERE migrator_store.migrator_hash = sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8'))
                  AND migrator_store.migrator_vector::"public"."vector"(768) OPERATOR("public".=) "migrator_shadow_1");
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) FROM "public"."documents" WHERE "migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) IS TRUE AND true;
-- verify: public.documents.embedding; ACCESS SHARE, milliseconds by the index, only if rows without a vector were written since
SELECT tableoid::int8, ctid::text FROM "public"."documents" WHERE "migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true LIMIT :limit;
-- verify: public.documents.embedding; ROW EXCLUSIVE, a few rows at a time, only if rows without a vector were written since
UPDATE "public"."documents" SET "migrator_shadow_1" = migrator_store.migrator_vector::"public"."vector"(768)
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM "migrator"."store_8bcc59a40b942bbf") AS migrator_store
WHERE "documents".ctid = ANY (:places::tid[]) AND "documents"."migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true
  AND migrator_store.migrator_hash = sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8'));
-- verify: public.documents.embedding; ROW EXCLUSIVE, a range of blocks at a time, only if rows without a vector were written since
-- as in fill: UPDATE "public"."documents" SET "migrator_shadow_1" = migrator_store.migrator_vector::"public"."vector"(768)
-- verify: public.documents.embedding; ACCESS SHARE, one scan, only if rows with texts that the store lacks were written since
-- as in fill: SELECT count(DISTINCT migrator_hash)
-- verify: public.documents.embedding; ACCESS SHARE, a range of blocks at a time, only if rows with texts that the store lacks were written since
-- as in fill: SELECT migrator_hash, migrator_text
-- verify: public.documents.embedding; none, a batch at a time, only if rows with texts that the store lacks were written since
COPY "migrator"."store_8bcc59a40b942bbf" (text_hash, embedding) FROM STDIN (FORMAT BINARY);
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) FROM "public"."documents" WHERE "migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) IS TRUE AND true;
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
      FROM (SELECT "public".subvector("migrator_shadow_1", 1, "public".vector_dims("migrator_shadow_1")) AS migrator_vector,
                   sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_key
            FROM "public"."documents" WHERE "migrator_shadow_1" IS NOT NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) OFFSET 0) AS migrator_rows
      OFFSET 0) AS migrator_found;
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT migrator_text, migrator_vector::text, migrator_place::text
FROM (SELECT DISTINCT ON (migrator_key) *
      FROM (SELECT (NULLIF((body)::text, ''))::text AS migrator_text, "migrator_shadow_1" AS migrator_vector,
                   tableoid || ' ' || ctid AS migrator_place, sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_key FROM "public"."documents"
            WHERE "migrator_shadow_1" IS NOT NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND (NULLIF((body)::text, '')) IS NOT NULL
            ORDER BY sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) LIMIT 8 * :limit) AS migrator_rows
      ORDER BY migrator_key LIMIT :limit) AS migrator_sample;
-- verify: public.documents.embedding; ACCESS SHARE, a few rows, only if rows hold another vector than the model's
SELECT text_hash, embedding::text FROM "migrator"."store_8bcc59a40b942bbf" WHERE text_hash = ANY (:hashes::bytea[]);
-- verify: public.documents.embedding; ACCESS SHARE, a few rows, only if rows hold another vector than the model's
SELECT "id"::text FROM "public"."documents"
WHERE ctid = ANY (ARRAY(SELECT split_part(place, ' ', 2) FROM unnest(:places::text[]) AS place)::tid[])
  AND tableoid || ' ' || ctid = ANY (:places::text[])
ORDER BY tableoid, ctid LIMIT :limit;
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT migrator_vector::text
FROM (SELECT "migrator_shadow_1" AS migrator_vector FROM "public"."documents"
      WHERE "migrator_shadow_1" IS NOT NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND (true)
      ORDER BY sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) LIMIT :limit) AS migrator_sample;
-- verify: public.documents.embedding; ACCESS SHARE, milliseconds
EXPLAIN (FORMAT JSON) SELECT ctid FROM "public"."documents" WHERE (true)
ORDER BY "migrator_shadow_1" OPERATOR("public".<=>) (:vector::"public"."vector") LIMIT :limit;
-- verify: public.documents.embedding; ACCESS SHARE, 32 times by the index
SELECT ("migrator_shadow_1" OPERATOR("public".<=>) (:vector::"public"."vector"))::float8 FROM "public"."documents" WHERE (true)
ORDER BY "migrator_shadow_1" OPERATOR("public".<=>) (:vector::"public"."vector") LIMIT :limit;
-- verify: public.documents.embedding; ACCESS SHARE, one scan
SELECT migrator_query, migrator_bucket, count(*)
FROM (SELECT migrator_query, width_bucket(migrator_distance, migrator_distances) AS migrator_bucket
      FROM (SELECT q.migrator_query, q.migrator_distances,
                   (t.migrator_vector OPERATOR("public".<=>) q.migrator_vector)::float8 AS migrator_distance
            FROM (SELECT "public".subvector("migrator_shadow_1", 1, "public".vector_dims("migrator_shadow_1")) AS migrator_vector
                  FROM "public"."documents" WHERE "migrator_shadow_1" IS NOT NULL AND (true) OFFSET 0) AS t
            CROSS JOIN (SELECT n::int - 1 AS migrator_query, (v::"public"."vector") AS migrator_vector,
                               d::float8[] AS migrator_distances
                        FROM ROWS FROM (unnest(:vectors::text[]), unnest(:distances::text[]))
                             WITH ORDINALITY AS u (v, d, n) OFFSET 0) AS q
            OFFSET 0) AS migrator_all
      WHERE migrator_distance < migrator_distances[array_upper(migrator_distances, 1)]) AS migrator_closer
GROUP BY 1, 2;
-- verify: public.documents.embedding; ACCESS SHARE, milliseconds
SELECT count(*) FROM (SELECT FROM "public"."documents" WHERE "migrator_shadow_1" IS NOT NULL AND (true) LIMIT 10) AS migrator_present;
-- cut-over: public.documents.embedding; ROW EXCLUSIVE, a range of blocks at a time, only if a table was rewritten, or a partition or the capture trigger was away for a while
-- as in verify: UPDATE "public"."documents" SET "migrator_shadow_1" = NULL WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND "migrator_shadow_1" IS NOT NULL
-- cut-over: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) FROM "public"."documents" WHERE "migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) IS TRUE AND true;
-- cut-over: public.documents.embedding; ACCESS SHARE, milliseconds by the index, only if rows without a vector were written since
SELECT tableoid::int8, ctid::text FROM "public"."documents" WHERE "migrator_shadow_1" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true LIMIT :limit;
-- cut-over: public.documents.embedding; ROW EXCLUSIVE, a few rows at a time, only if rows without a vector were written since
-- as in verify: UPDATE "public"."documents" SET "migrator_shadow_1" = migrator_store.migrator_vector::"public"."vector"(768)
-- cut-over: public.documents.embedding; ROW EXCLUSIVE, a range of blocks at a time, only if rows without a vector were written since
-- as in fill: UPDATE "public"."documents" SET "migrator_shadow_1" = migrator_store.migrator_vector::"public"."vector"(768)
-- cut-over: public.documents.embedding; ACCESS SHARE, one scan, only if rows with texts that the store lacks were written since
-- as in fill: SELECT count(DISTINCT migrator_hash)
-- cut-over: public.documents.embedding; ACCESS SHARE, a range of blocks at a time, only if rows with texts that the store lacks were written since
-- as in fill: SELECT migrator_hash, migrator_text
-- cut-over: public.documents.embedding; none, a batch at a time, only if rows with texts that the store lacks were written since
COPY "migrator"."store_8bcc59a40b942bbf" (text_hash, embedding) FROM STDIN (FORMAT BINARY);
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP MATERIALIZED VIEW "public"."near";
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
LOCK TABLE "public"."documents" IN ACCESS EXCLUSIVE MODE;
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" RENAME COLUMN "embedding" TO "migrator_retired_1";
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" RENAME COLUMN "migrator_shadow_1" TO "embedding";
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER INDEX "public"."migrator_index_1_1" RENAME TO "documents_embedding_idx";
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
CREATE OR REPLACE FUNCTION "migrator"."capture_1"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'postgres' SET "extra_float_digits" = '1' SET "bytea_output" = 'hex' SET "lc_monetary" = 'C' SET "lc_numeric" = 'C' SET "lc_time" = 'C' SET "xmlbinary" = 'base64' SET "xmloption" = 'content' SET "array_nulls" = 'on' SET "transform_null_equals" = 'off' SET "default_text_search_config" = 'pg_catalog.simple' SET "quote_all_identifiers" = 'off' SET "standard_conforming_strings" = 'on' SET "backslash_quote" = 'safe_encoding'
AS '#variable_conflict use_column
DECLARE
    before_ bytea;
    after_ bytea;
    was_due_ boolean;
    is_due_ boolean;
    in_scope_ boolean;
    new_ record;
    old_ record;
BEGIN
    
    SELECT sha256(convert_to((NULLIF((body)::text, ''''))::text, ''UTF8'')), ((true) AND (NULLIF((body)::text, '''')) IS NOT NULL), (true) INTO after_, is_due_, in_scope_ FROM (SELECT migrator_row.* FROM (SELECT NEW."body" AS "body", NEW."embedding" AS "embedding") AS migrator_row) AS "documents";
IF TG_OP = ''UPDATE'' THEN
    SELECT sha256(convert_to((NULLIF((body)::text, ''''))::text, ''UTF8'')), ((true) AND (NULLIF((body)::text, '''')) IS NOT NULL) INTO before_, was_due_ FROM (SELECT migrator_row.* FROM (SELECT OLD."body" AS "body", OLD."embedding" AS "embedding") AS migrator_row) AS "documents";
END IF;
    IF NEW."embedding" IS NULL OR TG_OP = ''UPDATE''
        AND (after_ IS DISTINCT FROM before_ OR is_due_ IS DISTINCT FROM was_due_)
        AND NOT ((NEW."embedding" OPERATOR("public".=) OLD."embedding") IS NOT TRUE AND num_nonnulls(NEW."embedding", OLD."embedding") > 0) THEN
    NEW."embedding" := NULL;
    IF is_due_ AND EXISTS (SELECT FROM pg_class t
        JOIN pg_roles w ON w.rolname = coalesce(nullif(current_setting(''role''), ''none''), session_user)::name
        WHERE t.oid = to_regclass(''"public"."documents"'') AND has_any_column_privilege(w.oid, t.oid, ''SELECT'')
          AND (NOT t.relrowsecurity OR w.rolsuper OR w.rolbypassrls
               OR NOT t.relforcerowsecurity AND pg_has_role(w.oid, t.relowner, ''USAGE''))) THEN
        NEW."embedding" := "migrator"."lookup_1"(after_)::"public"."vector"(768);
    END IF;
END IF;
    IF TG_OP = ''INSERT'' OR after_ IS DISTINCT FROM before_ THEN
    NEW."migrator_retired_1" := NULL;
END IF;
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN
    BEGIN
    NEW."migrator_retired_1" := NULL;
EXCEPTION WHEN OTHERS THEN
    -- Others dropped the column.
    NULL;
END;
    RETURN NEW;
END';
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER MATERIALIZED VIEW "public"."migrator_view_1_1" RENAME TO "near";
-- cut-over: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER INDEX "public"."migrator_view_1_1_1" RENAME TO "near_id";
-- settle: public.documents.embedding; none, instant
CREATE OR REPLACE FUNCTION "migrator"."capture_1"() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO, YMD' SET "IntervalStyle" = 'postgres' SET "extra_float_digits" = '1' SET "bytea_output" = 'hex' SET "lc_monetary" = 'C' SET "lc_numeric" = 'C' SET "lc_time" = 'C' SET "xmlbinary" = 'base64' SET "xmloption" = 'content' SET "array_nulls" = 'on' SET "transform_null_equals" = 'off' SET "default_text_search_config" = 'pg_catalog.simple' SET "quote_all_identifiers" = 'off' SET "standard_conforming_strings" = 'on' SET "backslash_quote" = 'safe_encoding'
AS '#variable_conflict use_column
DECLARE
    before_ bytea;
    after_ bytea;
    was_due_ boolean;
    is_due_ boolean;
    in_scope_ boolean;
    new_ record;
    old_ record;
BEGIN
    
    SELECT sha256(convert_to((NULLIF((body)::text, ''''))::text, ''UTF8'')), ((true) AND (NULLIF((body)::text, '''')) IS NOT NULL), (true) INTO after_, is_due_, in_scope_ FROM (SELECT migrator_row.* FROM (SELECT NEW."body" AS "body", NEW."embedding" AS "embedding") AS migrator_row) AS "documents";
IF TG_OP = ''UPDATE'' THEN
    SELECT sha256(convert_to((NULLIF((body)::text, ''''))::text, ''UTF8'')), ((true) AND (NULLIF((body)::text, '''')) IS NOT NULL) INTO before_, was_due_ FROM (SELECT migrator_row.* FROM (SELECT OLD."body" AS "body", OLD."embedding" AS "embedding") AS migrator_row) AS "documents";
END IF;
    
    IF TG_OP = ''INSERT'' OR after_ IS DISTINCT FROM before_ THEN
    NEW."migrator_retired_1" := NULL;
END IF;
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN
    BEGIN
    NEW."migrator_retired_1" := NULL;
EXCEPTION WHEN OTHERS THEN
    -- Others dropped the column.
    NULL;
END;
    RETURN NEW;
END';
-- settle: public.documents.embedding; ACCESS SHARE, one scan at most, only if rows were backed up without a vector
UPDATE "migrator"."backup_1" AS migrator_changed SET migrator_vector = migrator_found.migrator_vector
FROM (SELECT migrator_backup.migrator_place, "migrator_retired_1" AS migrator_vector
      FROM (SELECT "id" AS "migrator_key_1", migrator_text_hash, migrator_vector, ctid AS migrator_place FROM "migrator"."backup_1") AS migrator_backup, "public"."documents"
      WHERE migrator_backup.migrator_vector IS NULL AND "migrator_retired_1" IS NOT NULL AND coalesce(migrator_backup.migrator_text_hash, '') = coalesce(sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')), '') AND migrator_backup."migrator_key_1" = "documents"."id"
        AND (migrator_backup.migrator_vector OPERATOR("public".=) "migrator_retired_1") IS NOT TRUE) AS migrator_found
WHERE migrator_changed.ctid = migrator_found.migrator_place;
-- settle: public.documents.embedding; ACCESS SHARE, one scan
SELECT count(*) FROM "public"."documents" WHERE "embedding" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) IS TRUE AND true;
-- settle: public.documents.embedding; ACCESS SHARE, milliseconds by the index, only if rows without a vector were written since
SELECT tableoid::int8, ctid::text FROM "public"."documents" WHERE "embedding" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true LIMIT :limit;
-- settle: public.documents.embedding; ROW EXCLUSIVE, a few rows at a time, only if rows without a vector were written since
UPDATE "public"."documents" SET "embedding" = migrator_store.migrator_vector::"public"."vector"(768)
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM "migrator"."store_8bcc59a40b942bbf") AS migrator_store
WHERE "documents".ctid = ANY (:places::tid[]) AND "documents"."embedding" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true
  AND migrator_store.migrator_hash = sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8'));
-- settle: public.documents.embedding; ROW EXCLUSIVE, a range of blocks at a time, only if rows without a vector were written since
UPDATE "public"."documents" SET "embedding" = migrator_store.migrator_vector::"public"."vector"(768)
FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM "migrator"."store_8bcc59a40b942bbf") AS migrator_store
WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND "documents"."embedding" IS NULL AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND true
  AND migrator_store.migrator_hash = sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8'));
-- settle: public.documents.embedding; ACCESS SHARE, one scan, only if rows with texts that the store lacks were written since
SELECT count(DISTINCT migrator_hash)
FROM (SELECT sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_hash FROM "public"."documents" WHERE ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND "embedding" IS NULL AND true) AS migrator_texts
WHERE NOT EXISTS (SELECT FROM "migrator"."store_8bcc59a40b942bbf" AS migrator_store WHERE migrator_store.text_hash = migrator_hash);
-- settle: public.documents.embedding; ACCESS SHARE, a range of blocks at a time, only if rows with texts that the store lacks were written since
SELECT migrator_hash, migrator_text
FROM (SELECT migrator_hash, migrator_text,
             sum(octet_length(migrator_text)) OVER (ORDER BY migrator_hash) - octet_length(migrator_text) AS migrator_before
      FROM (SELECT sha256(convert_to((NULLIF((body)::text, ''))::text, 'UTF8')) AS migrator_hash, min((NULLIF((body)::text, ''))::text COLLATE "C") AS migrator_text FROM "public"."documents"
            WHERE "documents".ctid >= :first::tid AND "documents".ctid < :last::tid AND ((true) AND (NULLIF((body)::text, '')) IS NOT NULL) AND "embedding" IS NULL AND true
            GROUP BY 1) AS migrator_texts
      WHERE migrator_hash > :after::bytea
        AND NOT EXISTS (SELECT FROM "migrator"."store_8bcc59a40b942bbf" AS migrator_store WHERE migrator_store.text_hash = migrator_hash)
     ) AS migrator_page
WHERE migrator_before < :bytes;
-- settle: public.documents.embedding; none, a batch at a time, only if rows with texts that the store lacks were written since
COPY "migrator"."store_8bcc59a40b942bbf" (text_hash, embedding) FROM STDIN (FORMAT BINARY);
-- settle: public.documents.embedding; SHARE UPDATE EXCLUSIVE, milliseconds; reads and writes go on
DROP INDEX CONCURRENTLY IF EXISTS "public"."migrator_left_1";
-- settle: public.documents.embedding; ACCESS SHARE, the whole query; reads and writes go on
REFRESH MATERIALIZED VIEW CONCURRENTLY "public"."near";
