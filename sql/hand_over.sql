-- Gives the ledger, with backups and embedding stores, to another role. docs/how-to/roles.md says when.
--
--   psql -X -v owner=ROLE -f hand_over.sql DATABASE
--
-- owner   the role that works with migrator from now on
--
-- All or nothing: it stops at whatever is not as expected.

\set ON_ERROR_STOP on
\set QUIET on
\set SHOW_CONTEXT never
\if :{?owner}
\else
  \set owner ''
\endif
SET client_min_messages = warning;
SET search_path = pg_catalog;
-- Blocks of PL/pgSQL do not see psql's variables, only settings.
SELECT set_config('hand_over.owner', :'owner', false) AS _ \gset

DO $hand_over$
DECLARE
    owner_ text := current_setting('hand_over.owner');
    schema_ pg_namespace;
    each record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner_) THEN
        RAISE EXCEPTION 'there is no role "%"', owner_ USING HINT = 'psql -v owner=ROLE, spelled as in pg_roles';
    END IF;
    SELECT * INTO schema_ FROM pg_namespace WHERE nspname = 'migrator';
    IF schema_.oid IS NULL THEN
        RAISE EXCEPTION 'this database has no ledger' USING HINT = 'is it the right database?';
    END IF;
    -- The lock that migrator holds while it works; this session keeps it to its end.
    IF NOT pg_try_advisory_lock(1835624306, 1635020658) THEN
        RAISE EXCEPTION 'a migrator is at work on this database' USING HINT = 'wait for it';
    END IF;
    EXECUTE format('ALTER SCHEMA migrator OWNER TO %I', owner_);
    FOR each IN
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
               c.oid::regclass::text AS called
        FROM pg_class c
        WHERE c.relnamespace = schema_.oid AND c.relowner = schema_.nspowner AND c.relkind IN ('r', 'v', 'S')
          -- Those of identity columns go with their table.
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text
        FROM pg_proc p WHERE p.pronamespace = schema_.oid AND p.proowner = schema_.nspowner
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO %I', each.kind, each.called, owner_);
    END LOOP;
END $hand_over$;
