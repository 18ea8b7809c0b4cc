-- Statements about the session itself.

-- name: set_config
SELECT set_config(setting, value, %(local)s)
FROM unnest(%(settings)s::text[], %(values)s::text[]) AS given (setting, value);

-- name: begin
-- What a session has set throughout, but for what this server does not know. Where commits are not waited for, a crash of the server would lose vectors that
-- were paid for.
SELECT set_config(setting, value, false) FROM unnest(%(settings)s::text[], %(values)s::text[]) AS given (setting, value)
WHERE current_setting(setting, true) IS NOT NULL
UNION ALL
SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off';

-- name: look_up_own
-- Names are PostgreSQL's own. Sent before it is known whom the schemas of the path belong to, as the next three are.
SET search_path = pg_catalog;

-- name: look_up
SELECT pg_catalog.set_config('search_path', %(path)s, false);

-- name: look_up_by_default
RESET search_path;

-- name: schemas_of_path
SELECT pg_catalog.current_schemas(false);

-- name: qualify_names
-- Returns the search path that was set.
SELECT found FROM (SELECT current_setting('search_path') AS found OFFSET 0) AS given
WHERE set_config('search_path', '', false) = '';

-- name: read_write
SET TRANSACTION READ WRITE;

-- name: read_only
SET TRANSACTION READ ONLY;

-- name: one_snapshot
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;

-- name: discard_plans
DISCARD PLANS;

-- name: try_lock
SELECT pg_try_advisory_lock(%(first)s, %(second)s);

-- name: unlock
SELECT pg_advisory_unlock(%(first)s, %(second)s);

-- name: lock_holder
-- may_migrate: the role could be a migrator's here: it may act as the ledger's owner, or make a ledger. Any role can
-- take an advisory lock, several can share it, and a prepared transaction, which has no process, can hold it.
SELECT l.pid, p.gid AS prepared, coalesce(a.usename, p.owner)::text AS role, a.application_name AS application,
       host(a.client_addr) AS address, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') AS connected, a.state,
       to_char(a.state_change, 'YYYY-MM-DD HH24:MI:SS') AS since,
       l.pid IS NOT NULL AND coalesce(CASE WHEN n.nspowner IS NULL
                                          THEN has_database_privilege(a.usesysid, current_database(), 'CREATE')
                                          ELSE pg_has_role(a.usesysid, n.nspowner, 'MEMBER') END, false) AS may_migrate
FROM pg_locks l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
-- That of a prepared transaction is told by its lock on its own number; the virtual one has it after a restart alone.
LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid'
                    AND x.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
LEFT JOIN pg_namespace n ON n.nspname = 'migrator'
WHERE l.locktype = 'advisory' AND l.classid = %(first)s AND l.objid = %(second)s AND l.objsubid = 2 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY may_migrate, l.pid
LIMIT 1;

-- name: advisory_locks
-- Who holds any in this database.
SELECT DISTINCT format('process %%s (role "%%s", application name "%%s")', a.pid, a.usename, a.application_name)
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1
LIMIT 5;

-- name: awaited
-- Whom a session waits for, and whom these wait for. Process 0 is a prepared transaction.
SELECT w.pid, a.usename::text AS role, a.application_name AS application, a.state,
       to_char(a.state_change, 'HH24:MI:SS') AS since,
       left(regexp_replace(NULLIF(a.query, '<insufficient privilege>'), '\s+', ' ', 'g'), 80) AS statement,
       (SELECT min(l.locktype) FROM pg_locks l WHERE l.pid = w.pid AND NOT l.granted) AS lock,
       (SELECT string_agg(format('process %%s (role "%%s", application name "%%s")', b.pid, b.usename, b.application_name),
                          ', ' ORDER BY b.pid)
        FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(w.pid))) AS behind
FROM (SELECT DISTINCT unnest(pg_blocking_pids(%(session)s)) AS pid) AS w LEFT JOIN pg_stat_activity a ON a.pid = w.pid
-- An index build waits for this very look too, for a moment.
WHERE w.pid <> pg_backend_pid()
ORDER BY w.pid
LIMIT 3;

-- name: waits_for_session
-- A process that has a lock on one of the tables, or of their partitions, and waits for that session; and what for.
SELECT w.pid, w.relation::regclass::text
FROM pg_locks w
WHERE NOT w.granted AND w.locktype = 'relation' AND %(session)s = ANY (pg_blocking_pids(w.pid))
  AND w.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND EXISTS (SELECT FROM pg_locks h
              WHERE h.pid = w.pid AND h.granted AND h.locktype = 'relation' AND h.database = w.database
                AND h.relation IN {tree})
LIMIT 1;

-- name: deadlock_timeout
-- In milliseconds, if a VACUUM, an ANALYZE or an index build holds the tables and nobody writes to them.
SELECT setting::int FROM pg_settings
WHERE name = 'deadlock_timeout'
  AND (
    SELECT bool_and(mode = 'ShareUpdateExclusiveLock') FROM pg_locks
    WHERE locktype = 'relation' AND relation IN {tree} AND granted AND mode NOT IN ('AccessShareLock', 'RowShareLock')
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid IS DISTINCT FROM pg_backend_pid());

-- name: lock_holders
-- Of the tables, and of their partitions. A prepared transaction has no process. Of another role's only a member of pg_read_all_stats sees more than that.
SELECT pid, application_name, to_char(xact_start, 'HH24:MI:SS'), to_char(query_start, 'HH24:MI:SS'), usename::text,
       left(regexp_replace(NULLIF(query, '<insufficient privilege>'), '\s+', ' ', 'g'), 80),
       NULLIF(array_to_string(pg_blocking_pids(pid), ', '), '')
FROM (SELECT DISTINCT pid FROM pg_locks
      WHERE locktype IN ('relation', 'tuple') AND relation IN {tree} AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid IS DISTINCT FROM pg_backend_pid()) AS holders
LEFT JOIN pg_stat_activity USING (pid)
ORDER BY xact_start NULLS FIRST, pid
LIMIT 3;

-- name: are_there
-- Whether one of these sessions has not ended yet.
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY (%(sessions)s::int[]));
