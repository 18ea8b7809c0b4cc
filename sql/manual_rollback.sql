-- Rolls one upgraded vector column back without migrator, by psql. docs/how-to/emergency-rollback.md explains it.
--
--   psql -X -v table=items -v column=embedding -v to=0001 -f manual_rollback.sql DATABASE
--
-- table, column   as the revision names them
-- to              the revision before the upgrade, which goes into alembic_version; base where there is none
-- schema          of the table; public where it is not given
-- version_table   Alembic's table; the one that the ledger names where it is not given
-- revision        what the upgrade's revision is called now, where it was renamed or squashed since
-- marks           trusted, where stale old vectors were set NULL by hand, as a message of this script asks for
-- memory          maintenance_work_mem for the index build, such as 4GB; the server's own where it is not given
--
-- It stops at whatever is not as expected, and may then be run again. Not for psql --single-transaction.

\set ON_ERROR_STOP on
\set QUIET on
\set AUTOCOMMIT on
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset tuples_only on
\pset format unaligned
\pset footer off
\if :{?table}
\else
  \set table ''
\endif
\if :{?column}
\else
  \set column ''
\endif
\if :{?to}
\else
  \set to ''
\endif
\if :{?schema}
\else
  \set schema public
\endif
\if :{?version_table}
\else
  \set version_table ''
\endif
\if :{?revision}
\else
  \set revision ''
\endif
\if :{?marks}
\else
  \set marks ''
\endif
\if :{?memory}
  SET maintenance_work_mem = :'memory';
\endif

SET client_min_messages = warning;
-- Names are PostgreSQL's own until it is known who may create in the schemas that names are looked up in.
SET search_path = pg_catalog, pg_temp;
-- What a text prints as, and so its hash, depends on these.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
SET lc_monetary = 'C';
SET lc_numeric = 'C';
SET lc_time = 'C';
SET xmlbinary = 'base64';
SET xmloption = 'content';
SET array_nulls = on;
SET transform_null_equals = off;
SET default_text_search_config = 'pg_catalog.simple';
SET quote_all_identifiers = off;
SET standard_conforming_strings = on;
SET backslash_quote = safe_encoding;
-- Blocks of PL/pgSQL do not see psql's variables, only settings.
SELECT set_config('rollback.schema', :'schema', false) AS _, set_config('rollback.table', :'table', false) AS _,
       set_config('rollback.column', :'column', false) AS _, set_config('rollback.to', :'to', false) AS _,
       set_config('rollback.version_table', :'version_table', false) AS _,
       set_config('rollback.marks', :'marks', false) AS _,
       set_config('rollback.revision', :'revision', false) AS _ \gset

-- ---- 1. checks: nothing is changed ---------------------------------------------------------------------------------

DO $check$
DECLARE
    schema_ text := current_setting('rollback.schema');
    table_ text := current_setting('rollback.table');
    column_ text := current_setting('rollback.column');
    to_ text := current_setting('rollback.to');
    subject text := format('%s.%s.%s', schema_, table_, column_);
    done record;
    other record;
    relation oid;
    at text[];
    path_ text;
BEGIN
    IF '' IN (table_, column_, to_) THEN
        RAISE EXCEPTION 'which column, and back to which revision, is not said'
            USING HINT = 'psql -v table=TABLE -v column=COLUMN -v to=REVISION, the revision being the one before the upgrade';
    END IF;
    IF to_regclass('migrator.change') IS NULL THEN
        RAISE EXCEPTION 'this database has no ledger: migrator upgraded nothing here'
            USING HINT = 'is it the right database?';
    END IF;
    -- What the ledger says, and triggers and checks of the table, run with the rights of this session.
    WITH RECURSIVE tree (oid) AS (
      SELECT to_regclass(format('%I.%I', schema_, table_))::oid
      UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent)
    SELECT array_agg(DISTINCT quote_ident(pg_get_userbyid(o.oid))) INTO at
    FROM (SELECT relowner FROM tree JOIN pg_class USING (oid)
          UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'migrator') AS o (oid)
    WHERE EXISTS (SELECT FROM pg_roles r
                  WHERE (r.rolsuper
                         OR r.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files')
                         OR r.rolcreaterole AND current_setting('server_version_num')::int < 160000)
                    AND pg_has_role(session_user, r.oid, 'MEMBER') AND NOT pg_has_role(o.oid, r.oid, 'MEMBER'));
    IF at IS NOT NULL THEN
        RAISE EXCEPTION 'this session is a superuser, or may be as good as one, and the table of % or the ledger belongs to %', subject,
                        array_to_string(at, ', ')
            USING HINT = 'connect as the owner: code of that role would run with the rights of this session';
    END IF;
    IF (SELECT max(version) FROM migrator.ledger_version) > 2 THEN
        RAISE EXCEPTION 'the ledger is of a later version than 2, which this script knows'
            USING HINT = 'take the script from the migrator that made the upgrade';
    END IF;
    -- The lock that migrator holds while it works; this session keeps it to its end.
    IF NOT pg_try_advisory_lock(1835624306, 1635020658) THEN
        RAISE EXCEPTION 'a migrator is at work on this database'
            USING HINT = 'wait for it, or end its session: '
                'SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = ''advisory'' AND objid = 1635020658';
    END IF;

    SELECT c.id, c.run_id, c.state, c.change, c.catalog, r.state AS run_state, to_jsonb(r) AS run,
           coalesce(nullif(current_setting('rollback.revision'), ''), r.revision) AS revision INTO done
    FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
    WHERE (c.table_schema, c.table_name, c.column_name) = (schema_, table_, column_) AND c.restores IS NULL
      AND (c.state IN ('live', 'retired')
           -- An earlier run of this script that got past the swap of names.
           OR c.state = 'restored' AND EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass(format('%I.%I', schema_, table_))
                  AND attname = format('migrator_rolled_back_%s', c.id) AND NOT attisdropped))
    ORDER BY c.id DESC LIMIT 1;
    IF done.id IS NULL THEN
        IF EXISTS (SELECT FROM migrator.change
                   WHERE (table_schema, table_name, column_name) = (schema_, table_, column_)
                     AND state = 'unfinished') THEN
            RAISE EXCEPTION 'the upgrade of % is not past cut-over: the live column is still the old one', subject
                USING HINT = 'migrator abandon takes the shadow column and the capture trigger away '
                    'and builds the old index again';
        END IF;
        RAISE EXCEPTION 'the ledger knows no upgrade of % that could be rolled back', subject
            USING HINT = 'SELECT table_schema, table_name, column_name, state FROM migrator.change';
    END IF;
    IF done.state = 'retired' THEN
        RAISE EXCEPTION 'the retired column of % was dropped by migrator retire: the old vectors are gone', subject
            USING HINT = 'restore a backup of the database, or upgrade to the old model by a revision';
    END IF;
    relation := to_regclass(format('%I.%I', schema_, table_));
    IF relation IS NULL THEN
        RAISE EXCEPTION 'the table of % is no longer there', subject;
    END IF;
    IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = relation) THEN
        RAISE EXCEPTION 'role "%" may not act as the owner of the table of %', current_user, subject
            USING HINT = 'connect as the owner';
    END IF;
    -- Who may create there could have its own function taken for one of PostgreSQL's, with the rights of this session.
    SELECT array_agg(DISTINCT quote_ident(n.nspname)) INTO at
    FROM jsonb_array_elements_text(
           (done.catalog -> 'server' -> 'search_path') || (done.catalog -> 'server' -> 'pgvector_schema')) AS p (schema)
    JOIN pg_namespace n ON n.nspname = p.schema
    CROSS JOIN LATERAL (
      SELECT n.nspowner UNION SELECT x.grantee FROM aclexplode(n.nspacl) x WHERE x.privilege_type = 'CREATE'
      -- Or had once created what is called like one of PostgreSQL's own.
      UNION SELECT p.proowner FROM pg_proc p JOIN pg_proc own ON own.proname = p.proname
      WHERE p.pronamespace = n.oid AND own.pronamespace = 'pg_catalog'::regnamespace
      UNION SELECT o.oprowner FROM pg_operator o JOIN pg_operator own ON own.oprname = o.oprname
      WHERE o.oprnamespace = n.oid AND own.oprnamespace = 'pg_catalog'::regnamespace) AS g (role)
    WHERE g.role = 0 OR EXISTS (
      SELECT FROM pg_roles r
      WHERE NOT r.rolsuper AND r.oid >= 16384 AND pg_has_role(r.oid, g.role, 'MEMBER')
        AND NOT pg_has_role(r.oid, current_user, 'MEMBER')
        AND NOT pg_has_role(r.oid, (SELECT relowner FROM pg_class WHERE oid = relation), 'MEMBER'));
    IF at IS NOT NULL THEN
        RAISE EXCEPTION 'others may create functions where names are looked up, or have done so: schema %', array_to_string(at, ', ')
            USING HINT = format('a function of theirs could run with the rights of "%s"; REVOKE CREATE ON SCHEMA %s FROM '
                'PUBLIC, and from each role but the owner of the table; drop functions and operators of theirs there that '
                'are called like one of PostgreSQL''s own; where another role owns the schema, ALTER SCHEMA ... OWNER TO',
                session_user, array_to_string(at, ', '));
    END IF;
    -- Text, scope and predicates mean what they meant at the upgrade. pgvector's schema comes last: what compares vectors
    -- without an operator's name, such as IS DISTINCT FROM, names no schema.
    PERFORM set_config('search_path', string_agg(quote_ident(each), ', ' ORDER BY n), false)
    FROM jsonb_array_elements_text(
           (done.catalog -> 'server' -> 'search_path') || (done.catalog -> 'server' -> 'pgvector_schema'))
         WITH ORDINALITY AS _ (each, n);
    PERFORM set_config('rollback.change', done.id::text, false),
            set_config('rollback.revision', done.revision, false),
            set_config('rollback.swapped', (done.state = 'restored')::text, false);
    IF current_setting('rollback.version_table') = '' THEN
        -- By its name, or by its oid where it was given another; a ledger of version 1 has neither.
        PERFORM set_config('rollback.version_table', coalesce(
            (SELECT format('%I.%I', n.nspname, v.relname) FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
             WHERE (n.nspname, v.relname) = (done.run ->> 'version_schema', done.run ->> 'version_table')
                OR v.oid = (done.run ->> 'version_oid')::oid AND v.relkind = 'r'
             ORDER BY n.nspname = done.run ->> 'version_schema' DESC LIMIT 1),
            'public.alembic_version'), false);
    END IF;
    IF done.state = 'restored' THEN
        RETURN;
    END IF;

    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND NOT attisdropped
                   AND attname = format('migrator_retired_%s', done.id)) THEN
        RAISE EXCEPTION 'the upgrade of % left no retired column: it replaced the index alone, '
                        'or somebody dropped the column', subject
            USING HINT = 'the index as it was found: ' || coalesce(
                (SELECT string_agg(i ->> 'definition', '; ') FROM jsonb_array_elements(done.catalog -> 'indexes') i),
                'none');
    END IF;
    -- Also on a table that came to inherit since.
    WITH RECURSIVE tree (oid) AS (
      SELECT relation UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent)
    SELECT array_agg(t.oid::regclass::text ORDER BY t.oid) INTO at FROM tree t
    WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgenabled = 'A'
                      AND g.tgname = format('~migrator_capture_%s', done.id));
    IF at IS NOT NULL THEN
        RAISE EXCEPTION 'the capture trigger of % is not there, or disabled, on %: '
                        'which old vectors are stale is not known', subject, array_to_string(at, ', ')
            USING HINT = format('find rows whose text changed by the hashes in migrator.backup_%s, '
                'set migrator_retired_%1$s NULL there, and make the trigger again, ENABLE ALWAYS, before you go on', done.id);
    END IF;

    IF current_setting('rollback.marks') <> 'trusted'
       AND (SELECT p.proowner <> c.relowner FROM pg_proc p JOIN pg_class c ON c.oid = relation
            WHERE p.oid = to_regprocedure(format('migrator.capture_%s()', done.id))) THEN
        RAISE EXCEPTION 'the capture trigger of % is of a former owner of the table, who could have changed what it does',
                        subject
            USING HINT = format('find rows whose text changed by the hashes in migrator.backup_%s, set '
                'migrator_retired_%1$s NULL there, and run this again with -v marks=trusted', done.id);
    END IF;
    SELECT array_remove(ARRAY[
        -- With a key such rows are listed below.
        CASE WHEN jsonb_array_length(done.catalog -> 'table' -> 'key') = 0
              AND EXISTS (SELECT FROM pg_sequences WHERE schemaname = 'migrator' AND last_value IS NOT NULL
                          AND sequencename = format('edited_%s', done.id))
             THEN 'texts were edited before cut-over, their vectors staying' END,
        CASE WHEN jsonb_array_length(done.catalog -> 'read') > 0 THEN 'the text reads other tables' END,
        CASE WHEN done.change -> 'settings' <> '{}' THEN 'the text needs settings, whose values nobody wrote down' END],
        NULL) INTO at;
    IF current_setting('rollback.marks') <> 'trusted' AND at <> '{}' THEN
        RAISE EXCEPTION 'old vectors of % may be of other texts than their rows: %', subject, array_to_string(at, '; ')
            USING HINT = format('find rows whose text changed by the hashes in migrator.backup_%s, set '
                'migrator_retired_%1$s NULL there, and run this again with -v marks=trusted', done.id);
    END IF;
    -- Texts may be others, or rows written, although capture saw nothing: what was written down of both at the upgrade is
    -- compared. A ledger of an earlier version does not say it.
    IF current_setting('rollback.marks') <> 'trusted' AND jsonb_typeof(done.catalog -> 'captured') = 'array'
       AND jsonb_typeof(done.catalog -> 'made_of') = 'array' THEN
        path_ := current_setting('search_path');
        PERFORM set_config('search_path', '', true);
        WITH RECURSIVE tree (oid) AS (
          SELECT relation UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent),
        present (kind, name, state) AS (
          SELECT 'table', t.oid::text, concat_ws(' ', c.relfilenode, g.oid, g.xmin, (
                   SELECT string_agg(firing.oid::text, ' ' ORDER BY firing.oid) FROM pg_trigger firing
                   WHERE firing.tgrelid = t.oid AND firing.tgtype & 3 = 3 AND firing.tgname !~ '^~?migrator_'
                     AND (firing.tgparentid <> 0 OR NOT firing.tgisinternal)))
          FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind <> 'p'
          JOIN pg_trigger g ON g.tgrelid = t.oid AND g.tgname = format('~migrator_capture_%s', done.id)
          UNION ALL
          SELECT 'column', a.attname::text, concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod),
                   (SELECT concat_ws(' ', oid::regcollation, pg_collation_actual_version(oid)) FROM pg_collation
                    WHERE oid = a.attcollation), a.attgenerated,
                   (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
                    WHERE a.attgenerated <> '' AND (adrelid, adnum) = (a.attrelid, a.attnum)))
          FROM pg_attribute a WHERE a.attrelid = relation AND NOT a.attisdropped
          UNION ALL
          SELECT 'label', format('%s %L', enumtypid::regtype, enumlabel), enumsortorder::text FROM pg_enum
          UNION ALL
          SELECT 'type', y.oid::regtype::text,
                 string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
          FROM pg_type y JOIN pg_attribute a ON a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE y.typtype = 'c' GROUP BY y.oid
          UNION ALL
          SELECT 'function', f ->> 'name',
                 encode(sha256(convert_to(pg_get_functiondef(to_regprocedure(f ->> 'name')), 'UTF8')), 'hex')
          FROM jsonb_array_elements(done.catalog -> 'made_of') AS _ (f) WHERE f ->> 'kind' = 'function'),
        known (kind, name, state) AS (
          SELECT k ->> 'kind', k ->> 'name', k ->> 'state' FROM jsonb_array_elements(done.catalog -> 'made_of') AS _ (k)
          UNION ALL
          SELECT 'table', k ->> 'oid', k ->> 'state' FROM jsonb_array_elements(done.catalog -> 'captured') AS _ (k))
        SELECT array_agg(regexp_replace(shown, '[[:cntrl:]]', '?', 'g') ORDER BY shown) INTO at FROM (
          SELECT concat_ws(' ', kind, name) AS shown FROM known
          WHERE kind IN ('column', 'label', 'type', 'function') AND (kind, name, state) NOT IN (
            SELECT kind, name, coalesce(state, '') FROM present)
          UNION ALL
          SELECT concat_ws(' ', kind, name::oid::regclass) FROM present
          WHERE kind = 'table' AND (name, state) NOT IN (SELECT name, state FROM known WHERE kind = 'table')) AS other;
        PERFORM set_config('search_path', path_, true);
        IF at IS NOT NULL THEN
            RAISE EXCEPTION 'texts of % may have changed unseen since the upgrade, because these are no longer what they '
                            'were: %', subject, array_to_string(at, ', ')
                USING HINT = format('find rows whose text changed by the hashes in migrator.backup_%s, set '
                    'migrator_retired_%1$s NULL there, and run this again with -v marks=trusted', done.id);
        END IF;
    END IF;

    -- An unfinished run on this table: of this very change it is closed below; any other has to end first.
    FOR other IN SELECT r.id, r.revision, r.direction,
                        count(*) FILTER (WHERE c.restores IS DISTINCT FROM done.id AND c.id <> done.id) AS others
                 FROM migrator.run r JOIN migrator.change c ON c.run_id = r.id
                 WHERE r.state = 'unfinished' GROUP BY r.id
                 HAVING bool_or((c.table_schema, c.table_name) = (schema_, table_)) LOOP
        IF other.others > 0 THEN
            RAISE EXCEPTION 'the % of revision % is unfinished, and other columns are part of it',
                            other.direction, other.revision
                USING HINT = format('migrator %s goes on with it; migrator abandon undoes it', other.direction);
        END IF;
    END LOOP;

    IF done.revision = to_ THEN
        RAISE EXCEPTION 'to=% is the revision that is to be undone', to_
            USING HINT = 'give the one before it: down_revision in its file; base where that is None';
    END IF;
    EXECUTE format('SELECT coalesce(array_agg(version_num::text), ARRAY[]::text[]) FROM %s',
                   current_setting('rollback.version_table')::regclass) INTO at;
    IF NOT (done.revision = ANY (at) OR to_ = ANY (at) OR to_ = 'base' AND at = ARRAY[]::text[]) THEN
        at := ARRAY(SELECT regexp_replace(version, '[[:cntrl:]]', '?', 'g') FROM unnest(at) AS _ (version));
        RAISE EXCEPTION 'the database is at revision %, the upgrade of % was revision %',
                        array_to_string(at, ', '), subject, done.revision
            USING HINT = 'undo the later revisions first, newest first; where the upgrade is called '
                         || array_to_string(at, ', ') || ' by now, say so: -v revision=' || array_to_string(at, ', ');
    END IF;
END
$check$;

SELECT current_setting('rollback.change') AS change, current_setting('rollback.swapped') AS swapped,
       'migrator_retired_' || current_setting('rollback.change') AS retired,
       'migrator_rolled_back_' || current_setting('rollback.change') AS new \gset
-- The table and those below it, partitions or child tables, on every level. A child table of two of them is told once.
CREATE TEMP VIEW rollback_tree AS
WITH RECURSIVE below (oid, parent, level) AS (
  SELECT format('%I.%I', :'schema', :'table')::regclass::oid, NULL::oid, 0
  UNION ALL SELECT i.inhrelid, i.inhparent, b.level + 1 FROM pg_inherits i JOIN below b ON b.oid = i.inhparent),
tree AS (SELECT DISTINCT ON (oid) * FROM below ORDER BY oid, level DESC, parent)
SELECT t.oid, t.parent, t.level, c.relkind, n.nspname, c.relname
FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace;
-- The partitions of the change that are still there; after a dump and restore by their names.
CREATE TEMP VIEW rollback_partitions AS
SELECT t.oid, p.value AS found, p.n
FROM migrator.change, jsonb_array_elements(catalog -> 'partitions') WITH ORDINALITY AS p (value, n), rollback_tree t
WHERE id = :change
  AND CASE WHEN EXISTS (SELECT FROM rollback_tree WHERE level = 0 AND oid = (catalog -> 'table' ->> 'oid')::oid)
           THEN t.oid = (p.value ->> 'oid')::oid
           ELSE (t.nspname, t.relname) = (p.value ->> 'schema', p.value ->> 'name') END;
-- The indexes as they were found, each on every table that had it or a part of it: on a partition as it was there.
-- place: the table, or the partition that had it alone; name: its name there.
CREATE TEMP VIEW rollback_wanted AS
WITH RECURSIVE wanted (n, whole, place, schema, oid, relkind) AS (
  SELECT i.n, i.whole, t.oid, t.nspname, t.oid, t.relkind
  FROM migrator.change, jsonb_array_elements(catalog -> 'indexes') WITH ORDINALITY AS i (whole, n)
  JOIN rollback_tree t ON t.oid = CASE WHEN i.whole ->> 'partition' IS NULL
                                       THEN format('%I.%I', :'schema', :'table')::regclass::oid
                                       ELSE (SELECT p.oid FROM rollback_partitions p
                                             WHERE p.found -> 'oid' = i.whole -> 'partition') END
  WHERE id = :change AND i.whole ->> 'name' NOT LIKE 'migrator\_%'
  UNION ALL SELECT w.n, w.whole, w.place, w.schema, t.oid, t.relkind
  FROM wanted w JOIN rollback_tree t ON t.parent = w.oid WHERE w.relkind = 'p')
SELECT w.*, part.found AS part
FROM wanted w
LEFT JOIN LATERAL (SELECT i AS found FROM rollback_partitions p, jsonb_array_elements(p.found -> 'indexes') i
                   WHERE p.oid = w.oid AND i ->> 'root' = w.whole ->> 'name'
                     AND i ->> 'root_on' IS NOT DISTINCT FROM w.whole ->> 'partition') AS part ON w.oid <> w.place;
SELECT current_setting('search_path') AS path \gset

\if :swapped
  \echo 'an earlier run of this script got past the swap of names; going on from there'
\else

-- So that what is printed names every schema, and means the same in whatever session it is run.
SET search_path = '';
-- What hangs on the new column would go with it. Views, outermost first, with the statements that make them again.
CREATE TEMP TABLE rollback_views AS
WITH RECURSIVE found (oid, depth) AS (
  SELECT r.ev_class, 1
  FROM pg_depend d
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  JOIN pg_rewrite r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid IN (SELECT oid FROM rollback_tree) AND a.attname = :'column' AND r.ev_class <> d.refobjid
  UNION
  SELECT r.ev_class, f.depth + 1
  FROM found f
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = f.oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN'
  WHERE r.ev_class <> f.oid AND f.depth < 100
)
SELECT max(f.depth) AS depth, c.oid::regclass::text AS name, c.relkind = 'm' AS materialised,
       pg_get_viewdef(c.oid) AS definition, pg_get_userbyid(c.relowner) AS owner, c.reloptions AS options,
       ARRAY(SELECT format('GRANT %s ON %s TO %s%s;', x.privilege_type, c.oid::regclass,
                           CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(x.grantee)) END,
                           CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
             FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner)
       || ARRAY(SELECT format('GRANT %s (%I) ON %s TO %s%s;', x.privilege_type, a.attname, c.oid::regclass,
                              CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE format('%I', pg_get_userbyid(x.grantee)) END,
                              CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid) AS grants,
       ARRAY(SELECT format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s;', c.oid::regclass, a.attname,
                           pg_get_expr(e.adbin, e.adrelid))
             FROM pg_attrdef e JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
             WHERE e.adrelid = c.oid)
       || ARRAY(SELECT pg_get_ruledef(w.oid) FROM pg_rewrite w
                WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN' ORDER BY w.rulename)
       || ARRAY(SELECT pg_get_triggerdef(t.oid) || ';' FROM pg_trigger t
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal ORDER BY t.tgname)
       || ARRAY(SELECT pg_get_indexdef(indexrelid) || ';' FROM pg_index WHERE indrelid = c.oid ORDER BY indexrelid)
       || ARRAY(SELECT format('COMMENT ON %s IS %L;',
                              CASE WHEN a.attname IS NOT NULL THEN format('COLUMN %s.%I', c.oid::regclass, a.attname)
                                   WHEN c.relkind = 'm' THEN format('MATERIALIZED VIEW %s', c.oid::regclass)
                                   ELSE format('VIEW %s', c.oid::regclass) END, e.description)
                FROM pg_description e
                LEFT JOIN pg_attribute a ON a.attrelid = e.objoid AND a.attnum = nullif(e.objsubid, 0)
                WHERE e.classoid = 'pg_class'::regclass AND e.objoid = c.oid ORDER BY e.objsubid) AS parts
FROM found f JOIN pg_class c ON c.oid = f.oid
GROUP BY c.oid;

CREATE TEMP TABLE rollback_others AS
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS described
FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = format('%I.%I', :'schema', :'table')::regclass
  AND a.attname = :'column' AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_attrdef'::regclass)
  AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = d.objid))
  AND NOT (d.classid = 'pg_constraint'::regclass
           AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.contype = 'n'));

SELECT EXISTS (SELECT FROM rollback_views) OR EXISTS (SELECT FROM rollback_others) AS hangs \gset
\if :hangs
  \echo '-- Save this. Run the first part, then the script again, then the second part.'
  \echo '-- first part'
  SELECT format('DROP %sVIEW %s;', CASE WHEN materialised THEN 'MATERIALIZED ' ELSE '' END, name)
  FROM rollback_views ORDER BY depth DESC, name;
  -- In one line, whatever others named their objects: what follows a line break would be no comment.
  SELECT format('-- drop or change by hand: %s', regexp_replace(described, '[[:cntrl:]]', '?', 'g'))
  FROM rollback_others ORDER BY 1;
  \echo '-- second part'
  SELECT format('SET search_path = pg_catalog, %s;', :'path');
  SELECT format(E'CREATE %sVIEW %s%s AS\n%s\nALTER %1$sVIEW %2$s OWNER TO %5$I;%s',
                CASE WHEN materialised THEN 'MATERIALIZED ' ELSE '' END, name,
                ' WITH (' || array_to_string(options, ', ') || ')', definition, owner,
                E'\n' || nullif(array_to_string(grants, E'\n'), ''))
  FROM rollback_views ORDER BY depth, name;
  SELECT array_to_string(parts, E'\n') FROM rollback_views WHERE parts <> '{}' ORDER BY depth, name;
  SELECT format('-- make again or change back by hand: %s', regexp_replace(described, '[[:cntrl:]]', '?', 'g'))
  FROM rollback_others ORDER BY 1;
  DO $$ BEGIN
      RAISE EXCEPTION 'views or other objects depend on the new column; nothing was changed'
          USING HINT = 'they are named above, with the statements to drop them before and make them again after';
  END $$;
\endif

-- Functions that the revision gave: printed, for what they were; they go by the name of the column.
SELECT format(E'-- the upgrade changed %s; as it was:\n%s', regexp_replace(f ->> 'name', '[[:cntrl:]]', '?', 'g'),
              coalesce(f ->> 'definition', format('DROP ROUTINE IF EXISTS %s', f ->> 'name')) || ';')
FROM migrator.change, jsonb_array_elements(coalesce(catalog -> 'replaced', '[]')) AS _ (f) WHERE id = :change;

SELECT set_config('search_path', :'path', false) AS _ \gset

-- ---- 2. the index as it was found, on the retired column: reads and writes go on -----------------------------------

-- What an interrupted run of this script or an unfinished migrator downgrade left behind; of a partitioned table the
-- whole index first, with its parts, which cannot be dropped CONCURRENTLY.
CREATE TEMP VIEW rollback_left AS
SELECT c.relkind, format('%I.%I', n.nspname, c.relname) AS name
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid IN (SELECT oid FROM rollback_tree) AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
  AND (c.relname ~ ('^(migrator_rollback|' || :'retired' || ')_') AND NOT (i.indisvalid AND i.indisready)
       OR c.relname ~ '^migrator_(index|left)_');
SET lock_timeout = '2s';
SELECT 'DROP INDEX ' || name FROM rollback_left WHERE relkind = 'I'
\gexec
RESET lock_timeout;
SELECT 'DROP INDEX CONCURRENTLY ' || name FROM rollback_left WHERE relkind = 'i'
\gexec

-- Those that are to be built, with what follows USING. part: what each is called until the swap.
CREATE TEMP VIEW rollback_indexes AS
SELECT t.oid, t.relkind, t.nspname, t.relname, temporary AS whole,
       CASE WHEN t.oid = place THEN temporary ELSE format('%s_%s', temporary, t.oid) END AS part,
       CASE WHEN (i ->> 'unique')::boolean THEN 'UNIQUE INDEX' ELSE 'INDEX' END AS kind,
       replace(i ->> 'body', 'migrator_column', :'retired')
       || coalesce(' TABLESPACE ' || quote_ident(i ->> 'tablespace'), '')
       || coalesce(' WHERE ' || replace(i ->> 'condition', 'migrator_column', :'retired'), '')
         AS body
FROM rollback_wanted w JOIN rollback_tree t USING (oid)
CROSS JOIN LATERAL (SELECT format('migrator_rollback_%s_%s', :'change', n) AS temporary, coalesce(part, whole) AS i) AS _
WHERE to_regclass(format('%I.%I', schema, temporary)) IS NULL
  -- An upgrade with --online kept it.
  AND to_regclass(format('%I.%s_%s', schema, :'retired', n)) IS NULL;

SELECT EXISTS (SELECT FROM rollback_indexes) AS builds \gset
\if :builds
  \echo 'index: building; SELECT * FROM pg_stat_progress_create_index shows how far it is'
\endif
SELECT format('CREATE %s CONCURRENTLY %I ON %I.%I %s', kind, part, nspname, relname, body) FROM rollback_indexes
WHERE relkind <> 'p' AND to_regclass(format('%I.%I', nspname, part)) IS NULL
\gexec
-- The whole index of a partitioned table takes the parts that are there, and builds none.
SET lock_timeout = '2s';
SELECT format('CREATE %s %I ON %I.%I %s', kind, part, nspname, relname, body) FROM rollback_indexes
WHERE relkind = 'p' AND part = whole
\gexec
RESET lock_timeout;

-- ---- 3. the swap of names: one transaction, under a lock, in milliseconds ------------------------------------------

BEGIN;
SET LOCAL lock_timeout = '2s';
LOCK TABLE :"schema".:"table" IN ACCESS EXCLUSIVE MODE;

DO $swap$
DECLARE
    change_ bigint := current_setting('rollback.change')::bigint;
    relation regclass := format('%I.%I', current_setting('rollback.schema'), current_setting('rollback.table'))::regclass;
    column_ text := current_setting('rollback.column');
    retired text := format('migrator_retired_%s', change_);
    new text := format('migrator_rolled_back_%s', change_);
    each record;
    target record;
    others text;
BEGIN
    IF EXISTS (SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
               WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid IN (SELECT oid FROM rollback_tree)
                 AND a.attname = column_) THEN
        RAISE EXCEPTION 'a view on the new column was made meanwhile; nothing was changed'
            USING HINT = 'run the script again, which names it';
    END IF;
    EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', relation, column_, new);
    EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', relation, retired, column_);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', relation, new);
    -- A partition may say so by itself.
    FOR each IN SELECT oid::regclass AS name FROM rollback_tree WHERE oid <> relation LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', each.name, new);
    END LOOP;
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', relation, new);
    -- Partitions lose the trigger with their table, child tables have one each.
    FOR each IN SELECT oid::regclass AS name FROM rollback_tree
                WHERE oid = relation OR (SELECT relkind FROM pg_class WHERE oid = relation) = 'r' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', format('~migrator_capture_%s', change_), each.name);
    END LOOP;
    -- And that of a table which no longer inherits.
    EXECUTE format('DROP FUNCTION migrator.%I() CASCADE', format('capture_%s', change_));
    EXECUTE format('DROP FUNCTION IF EXISTS migrator.%I(bytea)', format('lookup_%s', change_));
    EXECUTE format('DROP SEQUENCE IF EXISTS migrator.%I', format('missed_%s', change_));
    -- The table's owner needed the schema for them, where the ledger is another role's.
    FOR each IN SELECT x.grantee::regrole AS name FROM pg_namespace n, aclexplode(n.nspacl) x, pg_class c
                WHERE n.nspname = 'migrator' AND c.oid = relation AND x.grantee = c.relowner AND x.grantee <> n.nspowner
                  AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = x.grantee) LOOP
        EXECUTE format('REVOKE USAGE ON SCHEMA migrator FROM %s', each.name);
    END LOOP;

    -- The indexes of the new column go; the old ones get their names back, with comment and CLUSTER mark.
    FOR each IN SELECT DISTINCT i.indexrelid::regclass AS name
                  FROM pg_index i JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                  WHERE i.indrelid IN (SELECT oid FROM rollback_tree) AND d.refobjid = i.indrelid AND a.attname = new
                    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = i.indexrelid) LOOP
        EXECUTE format('DROP INDEX %s', each.name);
    END LOOP;
    -- Parts of an index on partitions too; on a newer partition, as PostgreSQL would call it.
    FOR each IN
        WITH RECURSIVE found (index, n) AS (
          SELECT coalesce(to_regclass(format('%I.%s_%s', schema, retired, n)),
                          to_regclass(format('%I.migrator_rollback_%s_%s', schema, change_, n)))::oid, n
          FROM rollback_wanted WHERE oid = place
          UNION ALL SELECT h.inhrelid, f.n FROM pg_inherits h JOIN found f ON f.index = h.inhparent)
        SELECT f.index::regclass AS name, x.indrelid::regclass AS is_on, t.nspname AS schema, of_it.i,
               coalesce(of_it.i ->> 'name', format('%s_%s_idx%s', t.relname, column_, nullif(f.n - 1, 0))) AS final
        FROM found f JOIN pg_index x ON x.indexrelid = f.index
        JOIN rollback_wanted w ON w.n = f.n AND w.oid = x.indrelid JOIN rollback_tree t ON t.oid = w.oid
        CROSS JOIN LATERAL (SELECT CASE WHEN w.oid = w.place THEN w.whole ELSE w.part END AS i) AS of_it LOOP
        CONTINUE WHEN each.i IS NULL AND to_regclass(format('%I.%I', each.schema, each.final)) IS NOT NULL;
        EXECUTE format('ALTER INDEX %s RENAME TO %I', each.name, each.final);
        IF each.i ->> 'comment' IS NOT NULL THEN
            EXECUTE format('COMMENT ON INDEX %I.%I IS %L', each.schema, each.final, each.i ->> 'comment');
        END IF;
        IF (each.i ->> 'clustered')::boolean THEN
            EXECUTE format('ALTER TABLE %s CLUSTER ON %I', each.is_on, each.final);
        END IF;
        FOR target IN SELECT * FROM jsonb_each_text(coalesce(each.i -> 'statistics', '{}')) LOOP
            EXECUTE format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', each.schema, each.final,
                           target.key, target.value);
        END LOOP;
    END LOOP;

    -- Parts on later partitions are called by the index's own column.
    FOR each IN SELECT i.indexrelid::regclass AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                WHERE i.indrelid IN (SELECT oid FROM rollback_tree) AND c.relkind = 'I'
                  AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = i.indexrelid)
                  AND NOT EXISTS (SELECT FROM pg_partition_tree(i.indexrelid) t
                                  WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.relid AND attname = retired)
                                     OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.relid AND attname = column_)) LOOP
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', each.name, retired, column_);
    END LOOP;

    -- Sessions keep functions as they compiled them for the new column, until their rows in the catalog are others.
    FOR each IN SELECT p.oid::regprocedure AS name, p.prosecdef
                FROM migrator.change c
                CROSS JOIN LATERAL jsonb_array_elements_text(c.catalog -> 'carried' -> 'functions_by_name') AS f (called)
                JOIN pg_proc p ON p.oid = to_regprocedure(f.called)
                WHERE c.id = change_ AND pg_has_role(p.proowner, 'USAGE') LOOP
        EXECUTE format('ALTER ROUTINE %s SECURITY %s', each.name,
                       CASE WHEN each.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END);
    END LOOP;

    -- The ledger: an unfinished run of this change is closed, the change is undone.
    FOR each IN UPDATE migrator.change SET state = 'undone'
                WHERE restores = change_ AND state = 'unfinished' RETURNING id LOOP
        EXECUTE format('DROP TABLE IF EXISTS migrator.%I', format('backup_%s', each.id));
    END LOOP;
    UPDATE migrator.run r
    SET state = CASE r.direction WHEN 'downgrade' THEN 'undone' ELSE 'done' END, finished_at = clock_timestamp()
    WHERE r.state = 'unfinished'
      AND EXISTS (SELECT FROM migrator.change c WHERE c.run_id = r.id AND change_ IN (c.id, c.restores));
    UPDATE migrator.change SET state = 'restored' WHERE id = change_;

    -- Alembic: the revision is undone when its last column is.
    SELECT string_agg(format('%s.%s.%s', o.table_schema, o.table_name, o.column_name), ', ') INTO others
    FROM migrator.change o JOIN migrator.change c USING (run_id) WHERE c.id = change_ AND o.state = 'live';
    IF others IS NOT NULL THEN
        RAISE WARNING 'alembic_version stays as it is until these columns of the same revision are rolled back too: %',
                      others;
    ELSIF current_setting('rollback.to') = 'base' THEN
        EXECUTE format('DELETE FROM %s WHERE version_num = %L',
                       current_setting('rollback.version_table')::regclass, current_setting('rollback.revision'));
    ELSE
        EXECUTE format('UPDATE %s SET version_num = %L WHERE version_num = %L',
                       current_setting('rollback.version_table')::regclass,
                       current_setting('rollback.to'), current_setting('rollback.revision'));
    END IF;
END
$swap$;
COMMIT;
\echo 'swap: done; the old column is live'

\endif

-- ---- 4. rows written since are listed, the new column is dropped, NOT NULL comes back ------------------------------

SELECT format('DROP TABLE IF EXISTS migrator.rollback_%s', :'change') \gexec

-- Text and scope with the schema of every name, where the change has them.
CREATE TEMP VIEW rollback_said AS
SELECT id, catalog, coalesce(catalog -> 'qualified' ->> (change ->> 'text'), change ->> 'text') AS text,
       coalesce(catalog -> 'qualified' ->> (change ->> 'where'), change ->> 'where', 'true') AS scope
FROM migrator.change WHERE id = :change;
-- Nothing is evaluated: a name that is gone ends the script here.
SELECT format('SELECT FROM %I.%I WHERE (%s) AND (%s) IS NULL LIMIT 0', :'schema', :'table',
              scope, coalesce(text, 'NULL'))
FROM rollback_said
\gexec
-- The hash of a row's text, empty where the change knows none. NULL for a row out of scope or without a text; one byte for
-- a row whose text or scope raises an error.
SELECT format($statement$
    CREATE FUNCTION pg_temp.rollback_hash(%1$I.%2$I) RETURNS bytea LANGUAGE plpgsql STABLE AS $function$
    #variable_conflict use_column
    BEGIN
        RETURN (SELECT CASE WHEN %3$s THEN %4$s END FROM unnest(ARRAY[$1]) AS %2$I);
    EXCEPTION WHEN OTHERS THEN
        IF left(SQLSTATE, 2) IN ('25', '40', '53', '55', '57', '58') OR SQLSTATE IN ('XX001', 'XX002') THEN
            RAISE;
        END IF;
        RETURN '\x00';
    END
    $function$
    $statement$, :'schema', :'table', '(' || scope || ')',
    CASE WHEN text IS NULL THEN format('CASE WHEN %I IS NOT NULL THEN %L::bytea END', :'new', '')
         ELSE format('sha256(convert_to(NULLIF((%s)::text, %L), %L))', text, '', 'UTF8') END)
FROM rollback_said
\gexec
-- In scope and with a text, but without an old vector; not those that had none before the upgrade either, which only a
-- key tells from others. text_hash is NULL where the change knows no text, or it cannot be evaluated. The row has a name of
-- its own: a column may have the table's. With a key, rows too whose text was edited before cut-over, the old vector
-- staying as it was; their hash is of the text that the revision says.
SELECT format('CREATE TABLE migrator.rollback_%1$s AS SELECT %2$sCASE WHEN length(migrator_hash) = 32 THEN migrator_hash '
              'END AS text_hash, %3$I AS new_vector '
              'FROM (SELECT *, pg_temp.rollback_hash(migrator_row) AS migrator_hash FROM %4$I.%5$I AS migrator_row '
              'WHERE migrator_row.%6$I IS NULL%8$s OFFSET 0) AS %5$I WHERE migrator_hash IS NOT NULL%7$s',
              :'change', (SELECT string_agg(quote_ident(key) || ', ', '' ORDER BY n) FROM jsonb_array_elements_text(
                  catalog -> 'table' -> 'key') WITH ORDINALITY AS _ (key, n)),
              :'new', :'schema', :'table', :'column',
              CASE WHEN text IS NOT NULL AND keyed IS NOT NULL THEN
                   format(' AND NOT EXISTS (SELECT FROM migrator.backup_%s AS migrator_backup '
                          'WHERE migrator_vector IS NULL AND migrator_text_hash = migrator_hash%s)', id,
                          format(keyed, :'table')) END,
              CASE WHEN text IS NOT NULL AND keyed IS NOT NULL AND edited THEN
                   format(' OR EXISTS (SELECT FROM migrator.backup_%s AS migrator_backup '
                          'WHERE migrator_vector::text = migrator_row.%I::text '
                          'AND migrator_text_hash <> pg_temp.rollback_hash(migrator_row)%s)', id, :'column',
                          format(keyed, 'migrator_row')) END)
FROM rollback_said
CROSS JOIN LATERAL (
  SELECT string_agg(format(' AND migrator_backup.%I = %%1$I.%1$I', replace(key, '%', '%%')), '') AS keyed,
         EXISTS (SELECT FROM pg_sequences WHERE schemaname = 'migrator' AND sequencename = format('edited_%s', id)
                 AND last_value IS NOT NULL) AS edited
  FROM jsonb_array_elements_text(catalog -> 'table' -> 'key') AS _ (key)) AS known
\gexec
-- Its owner's alone; default privileges may have given it to others.
SELECT DISTINCT format('REVOKE ALL ON %s FROM %s', c.oid::regclass,
                       CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END)
FROM pg_class c, aclexplode(c.relacl) x
WHERE c.oid = format('migrator.rollback_%s', :'change')::regclass AND x.grantee <> c.relowner
\gexec
SELECT format('SELECT count(*) AS listed FROM migrator.rollback_%s', :'change') AS statement \gset
:statement \gset

SELECT format('SELECT count(*) AS nulls FROM %I.%I WHERE %I IS NULL', :'schema', :'table', :'column') AS statement \gset
:statement \gset
SELECT (catalog -> 'column' ->> 'not_null')::boolean AS wants_not_null,
       (catalog -> 'column' ->> 'not_null')::boolean AND :nulls = 0 AS sets_not_null
FROM migrator.change WHERE id = :change \gset

-- It told whether texts were edited before cut-over.
SELECT format('DROP SEQUENCE IF EXISTS migrator.edited_%s', :'change') \gexec

BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE :"schema".:"table" DROP COLUMN :"new";
-- Of child tables that say the column themselves, it is theirs still.
SELECT format('ALTER TABLE %s DROP COLUMN %I', attrelid::regclass, attname)
FROM pg_attribute JOIN rollback_tree ON oid = attrelid
WHERE attname = :'new' AND attislocal AND NOT attisdropped ORDER BY level
\gexec
COMMIT;

\if :sets_not_null
  SET lock_timeout = '2s';
  ALTER TABLE :"schema".:"table" ADD CONSTRAINT migrator_rollback_not_null CHECK (:"column" IS NOT NULL) NOT VALID;
  ALTER TABLE :"schema".:"table" VALIDATE CONSTRAINT migrator_rollback_not_null;
  -- From PostgreSQL 18 on NOT NULL has a name, and a partition may have given it one of its own: leaves first, the table
  -- last. Partitions of the change are listed parents first.
  SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I NOT NULL %I', t.nspname, t.relname, e.name, :'column')
  FROM (SELECT p.n, p.oid, p.found -> 'column' ->> 'not_null_name' AS name,
               coalesce(above.found, c.catalog) -> 'column' ->> 'not_null_name' AS above
        FROM migrator.change c CROSS JOIN rollback_partitions p
        LEFT JOIN rollback_partitions above ON above.found -> 'oid' = p.found -> 'parent'
        WHERE c.id = :change) AS e
  JOIN rollback_tree t ON t.oid = e.oid
  WHERE e.name <> e.above AND current_setting('server_version_num')::int >= 180000
  ORDER BY e.n DESC
  \gexec
  SELECT CASE WHEN wanted IS NULL OR current_setting('server_version_num')::int < 180000
              THEN format('ALTER TABLE %I.%I ALTER COLUMN %I SET NOT NULL', :'schema', :'table', :'column')
              ELSE format('ALTER TABLE %I.%I ADD CONSTRAINT %I NOT NULL %I', :'schema', :'table', wanted, :'column') END
  FROM migrator.change, LATERAL (SELECT catalog -> 'column' ->> 'not_null_name' AS wanted) AS _
  WHERE id = :change
  \gexec
  ALTER TABLE :"schema".:"table" DROP CONSTRAINT migrator_rollback_not_null;
\endif

-- ---- 5. what was done ----------------------------------------------------------------------------------------------

\echo 'the old column is live, with its index, under revision' :to
\if :sets_not_null
  \echo 'NOT NULL is set again'
\elif :wants_not_null
  \echo 'NOT NULL is not set:' :nulls 'rows have no vector; give them one, then'
  SELECT format('  ALTER TABLE %I.%I ALTER COLUMN %I SET NOT NULL', :'schema', :'table', :'column');
\endif
SELECT :listed = 0 AS nothing_listed \gset
\if :nothing_listed
  SELECT format('DROP TABLE migrator.rollback_%s', :'change') \gexec
  \echo 'no row was written since the upgrade: every old vector is back'
\else
  \echo :listed 'rows were written since the upgrade began and have no old vector, or one of another text; they are listed, with their new vector,'
  \echo 'in the table' migrator.rollback_:change
\endif
-- The server may end this session later than psql ends, and the next script would meet its lock.
SELECT pg_advisory_unlock(1835624306, 1635020658) AS _ \gset
