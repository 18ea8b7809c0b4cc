-- What is tried before anything is changed, on a few rows, in a transaction that is rolled back.

-- name: copy_of_table
-- An empty table of the same columns; rolled back with the transaction it is made in.
CREATE TEMPORARY TABLE {copy} (LIKE {table} INCLUDING GENERATED);

-- name: copy_rows
INSERT INTO pg_temp.{copy} ({columns}) SELECT {columns} FROM {table} WHERE {readable} LIMIT %(limit)s;

-- name: copy_column
ALTER TABLE pg_temp.{copy} ADD COLUMN {column} {type};

-- name: copy_values
SELECT array_agg({value} ORDER BY {row}.ctid) FROM pg_temp.{copy} AS {row};

-- name: copy_of_copy
-- A table that neither text nor scope can name.
CREATE TEMPORARY TABLE migrator_try_row (LIKE pg_temp.{copy});

-- name: copy_view
-- Text or scope over the row's columns alone: PostgreSQL keeps the parsed tree of a view.
CREATE TEMPORARY VIEW migrator_try_view AS
SELECT {value} AS value_ FROM (SELECT * FROM pg_temp.migrator_try_row) AS {row};

-- name: view_reads
-- What it reads and calls besides the row: other relations; what is volatile, or follows clock or session; whether it
-- takes the row as a whole. A composite type that a column is of has no rows to read.
SELECT ARRAY(SELECT DISTINCT d.refobjid::regclass::text FROM pg_depend d
             JOIN pg_class c ON c.oid = d.refobjid AND c.relkind <> 'c'
             WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
               AND d.refobjid NOT IN (r.ev_class, 'pg_temp.migrator_try_row'::regclass) ORDER BY 1),
       ARRAY(SELECT DISTINCT p.proname || '()' FROM regexp_matches(r.ev_action::text, ':(?:op)?funcid (\d+)', 'g') f
             JOIN pg_proc p ON p.oid = f[1]::oid
             WHERE p.provolatile = 'v'
                OR p.oid IN ('now()'::regprocedure, 'transaction_timestamp()'::regprocedure,
                             'statement_timestamp()'::regprocedure, 'age(timestamptz)'::regprocedure)
             UNION ALL
             SELECT 'the present date, time, user or schema' WHERE r.ev_action::text ~ '{{SQLVALUEFUNCTION '
             ORDER BY 1),
       r.ev_action::text ~ ':varattno 0 '
FROM pg_rewrite r WHERE r.ev_class = 'pg_temp.migrator_try_view'::regclass;

-- name: traces
-- What this transaction has locked, how often it has scanned the table and how many blocks of it it has read, partitions
-- among it: tells what an expression reads by functions.
SELECT ARRAY(SELECT DISTINCT l.relation::regclass::text
             FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND c.oid <> ALL (%(tables)s::oid[])
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
               AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.oid <> pg_my_temp_schema()
             ORDER BY 1),
       (SELECT coalesce(sum(pg_stat_get_xact_numscans(r.oid)), 0)::int8
        FROM (SELECT unnest(%(tables)s::oid[])
              UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = ANY (%(tables)s::oid[])) AS r (oid)),
       (SELECT coalesce(sum(pg_stat_get_xact_blocks_fetched(r.oid)), 0)::int8 FROM unnest(%(tables)s::oid[]) AS r (oid));

-- name: lockable
-- Tables and views that a text reads: whether LOCK TABLE ... IN SHARE MODE can keep writers off them, and why not.
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, CASE
         WHEN c.oid IN {tree} THEN 'it is the table itself, whose rows are filled meanwhile'
         WHEN c.relkind = 'm' THEN 'it is a materialized view'
         WHEN c.relkind = 'f' THEN 'it is a foreign table'
         WHEN c.relkind NOT IN ('r', 'p', 'v') THEN 'it is not a table'
         WHEN NOT has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
         THEN format('the role %%s may not lock it, for which it needs UPDATE there', current_user)
       END AS why_not
FROM unnest(%(tables)s::text[]) AS t (called)
JOIN pg_class c ON c.oid = t.called::regclass JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 2, 3;

-- name: touch_row
-- An update that changes nothing, of a row that nobody holds: it fires what any update of the column does.
UPDATE {table} SET {column} = {column}
WHERE ctid = (SELECT ctid FROM {table} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED);

-- name: trigger_function
SELECT p.proname::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = %(table)s::oid AND t.tgname = %(trigger)s;

-- name: written
-- Which of the tables this transaction has locked in a mode that a lock in SHARE mode waits for.
SELECT t.called
FROM unnest(%(tables)s::oid[], %(called)s::text[]) AS t (oid, called)
WHERE EXISTS (SELECT FROM pg_locks l
              WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.relation = t.oid AND l.granted
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareLock'))
ORDER BY 1;

-- name: event_triggers
-- With the functions' names. Without those of extensions, which let others work.
SELECT format('%%I (%%s)', e.evtname, e.evtfoid::regprocedure), p.proname::text
FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
WHERE e.evtenabled IN ('O', 'A') AND e.evtevent <> 'login'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid
                  AND d.deptype = 'e')
ORDER BY 1;

-- name: fire_event_triggers
-- What preflight and a run do: to the table, in its schema, and to tables of their own, which have no key and are dropped.
-- A run makes no table in that schema: where one is refused the rest is not known.
BEGIN
    CREATE TEMPORARY TABLE migrator_try_own (migrator_try_kept int);
    DROP TABLE pg_temp.migrator_try_own;
    BEGIN
        CREATE TABLE {table} (migrator_try_kept int PRIMARY KEY);
    EXCEPTION WHEN OTHERS THEN
        RETURN;
    END;
    CREATE INDEX {index_made} ON {table} (migrator_try_kept);
    DROP INDEX {index};
    IF {drops_view} THEN
        CREATE VIEW {view} AS SELECT migrator_try_kept FROM {table};
        DROP VIEW {view};
    END IF;
    IF {adds_column} THEN
        ALTER TABLE {table} ADD COLUMN migrator_try_dropped int;
        CREATE TRIGGER migrator_try_trigger BEFORE UPDATE ON {table} FOR EACH ROW
            EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger();
        DROP TRIGGER migrator_try_trigger ON {table};
        ALTER TABLE {table} RENAME COLUMN migrator_try_dropped TO migrator_try_renamed;
        ALTER TABLE {table} DROP COLUMN migrator_try_renamed;
    END IF;
END;

-- name: row_view
-- Text or scope over rows of the table's own type: PostgreSQL keeps the parsed tree of a view.
CREATE TEMPORARY VIEW migrator_try_view AS SELECT {value} AS value_ FROM unnest(NULL::{table}[]) AS {row};

-- name: row_functions
-- How often it takes the row as a whole, how often as the argument of a function, those functions with their arguments
-- that are rows, and what other relations it names.
SELECT (SELECT count(*) FROM regexp_matches(r.ev_action::text, ':varattno 0 ', 'g')),
       (SELECT count(*) FROM regexp_matches(r.ev_action::text, '{{FUNCEXPR :funcid (\d+) ', 'g') f
        JOIN pg_proc p ON p.oid = f[1]::oid WHERE row_type = ANY (p.proargtypes::oid[])),
       (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                 'name', p.proname, 'language', l.lanname, 'arguments', rows.arguments, 'source',
                 coalesce(nullif(p.prosrc, ''), pg_get_function_sqlbody(p.oid), ''))), '[]'::jsonb)
        FROM regexp_matches(r.ev_action::text, '{{FUNCEXPR :funcid (\d+) ', 'g') f
        JOIN pg_proc p ON p.oid = f[1]::oid JOIN pg_language l ON l.oid = p.prolang
        CROSS JOIN LATERAL (SELECT array_agg(argument) AS arguments
                            FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type_, n)
                            CROSS JOIN LATERAL unnest(ARRAY['$' || n, p.proargnames[n]]) AS argument
                            WHERE type_ = row_type AND argument <> '') AS rows
        WHERE row_type = ANY (p.proargtypes::oid[])),
       ARRAY(SELECT DISTINCT d.refobjid::regclass::text FROM pg_depend d
             JOIN pg_class c ON c.oid = d.refobjid AND c.relkind <> 'c'
             WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
               AND d.refobjid <> r.ev_class AND NOT (d.refobjid = %(table)s::oid AND d.refobjsubid > 0) ORDER BY 1)
FROM pg_rewrite r, (SELECT reltype AS row_type FROM pg_class WHERE oid = %(table)s::oid) AS typed
WHERE r.ev_class = 'pg_temp.migrator_try_view'::regclass;

-- name: no_row
-- In the place of the copy of a row.
CREATE TEMPORARY TABLE migrator_try_row ();

-- name: row_values
SELECT array_agg(migrator_value)
FROM (SELECT {value} AS migrator_value FROM {table} WHERE {scope} AND {readable} LIMIT %(limit)s) AS migrator_rows;
