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
    strange text;
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
    -- Capture needs what the old owner has until its run is settled.
    IF EXISTS (SELECT FROM migrator.run WHERE state = 'unfinished') THEN
        RAISE EXCEPTION 'a run is unfinished' USING HINT = format('as "%s": go on with it, or migrator abandon',
                                                                  pg_get_userbyid(schema_.nspowner));
    END IF;
    -- What the old owner put there would run with the rights of the new one.
    SELECT string_agg(DISTINCT pg_describe_object(found.class, found.oid, 0), ', ') INTO strange
    FROM (SELECT 'pg_trigger'::regclass AS class, t.oid
          FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
          WHERE c.relnamespace = schema_.oid AND NOT t.tgisinternal
          UNION ALL
          SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
          WHERE c.relnamespace = schema_.oid
          UNION ALL
          SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
          WHERE c.relnamespace = schema_.oid AND c.relname <> 'registry'
          UNION ALL
          SELECT d.classid, d.objid
          FROM pg_depend d
          LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
          LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
          JOIN pg_class c ON c.oid = coalesce(a.adrelid, k.conrelid,
                                              CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END)
          WHERE c.relnamespace = schema_.oid AND d.refclassid = 'pg_proc'::regclass
          UNION ALL
          SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p
          WHERE p.pronamespace = schema_.oid AND p.proname !~ '^(capture|lookup)_[0-9]+$') AS found (class, oid);
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger has objects that migrator did not make: %', strange USING HINT = 'drop them first';
    END IF;
    -- Vectors are looked up by one until the run is settled, and by nobody afterwards. The old owner could have changed it.
    FOR each IN SELECT oid::regprocedure AS called FROM pg_proc
                WHERE pronamespace = schema_.oid AND proname ~ '^lookup_' LOOP
        EXECUTE format('DROP FUNCTION %s', each.called);
    END LOOP;
    -- Capture runs with the rights of the table's owner, not with those of the ledger's. Where the table is another role's
    -- since, the role that had it could have changed what the function does, and a downgrade goes by the backup.
    FOR each IN SELECT p.oid::regprocedure AS called, o.rolsuper, min(pg_get_userbyid(c.relowner)::text) AS owner
                FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
                JOIN pg_trigger t ON t.tgfoid = p.oid AND t.tgparentid = 0 JOIN pg_class c ON c.oid = t.tgrelid
                WHERE p.pronamespace = schema_.oid GROUP BY p.oid, o.oid, o.rolsuper
                HAVING bool_or(c.relowner <> o.oid) LOOP
        IF each.rolsuper THEN
            EXECUTE format('ALTER FUNCTION %s OWNER TO %I', each.called, each.owner);
        ELSE
            EXECUTE format('DROP FUNCTION %s CASCADE', each.called);
        END IF;
    END LOOP;
    EXECUTE format('ALTER SCHEMA migrator OWNER TO %I', owner_);
    FOR each IN
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind,
               c.oid::regclass::text AS called
        FROM pg_class c
        WHERE c.relnamespace = schema_.oid AND c.relowner = schema_.nspowner AND c.relkind IN ('r', 'v', 'S')
          -- Those of identity columns go with their table.
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO %I', each.kind, each.called, owner_);
    END LOOP;
END $hand_over$;
