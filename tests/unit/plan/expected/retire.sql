-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP TRIGGER IF EXISTS "~migrator_capture_1" ON "public"."documents";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."capture_1"() CASCADE;
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."lookup_1"(bytea);
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."missed_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."edited_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" DROP COLUMN IF EXISTS "migrator_retired_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP TRIGGER IF EXISTS "~migrator_capture_1" ON "public"."documents";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."capture_1"() CASCADE;
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."lookup_1"(bytea);
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."missed_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."edited_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" DROP COLUMN IF EXISTS "migrator_retired_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP TRIGGER IF EXISTS "~migrator_capture_1" ON "public"."documents";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP TRIGGER IF EXISTS "~migrator_capture_1" ON "public"."letters";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP TRIGGER IF EXISTS "~migrator_capture_1" ON "public"."memos";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."capture_1"() CASCADE;
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."lookup_1"(bytea);
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."missed_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."edited_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" DROP COLUMN IF EXISTS "migrator_retired_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."letters" DROP COLUMN IF EXISTS "migrator_retired_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP TRIGGER IF EXISTS "~migrator_capture_1" ON "public"."documents";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."capture_1"() CASCADE;
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP FUNCTION IF EXISTS "migrator"."lookup_1"(bytea);
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."missed_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
DROP SEQUENCE IF EXISTS "migrator"."edited_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" DROP COLUMN IF EXISTS "migrator_retired_1";
-- retire: public.documents.embedding; ACCESS EXCLUSIVE, milliseconds
ALTER TABLE "public"."documents" ALTER COLUMN "embedding" SET STORAGE PLAIN;
