-- What a run that is held back asks the server between batches.

-- name: replication
-- Where the slowest standby is. A role that may not see them gets rows of NULL; base backups replay nothing.
SELECT count(*) FILTER (WHERE state IS NULL) AS hidden, min(pg_wal_lsn_diff(replay_lsn, '0/0'))::int8 AS replayed
FROM pg_stat_replication;

-- name: position
-- How much WAL has been written, in bytes since the beginning of time.
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8;

-- name: standby
-- On the standby itself; NULL where it is none.
SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::int8 END;

-- name: vacuum
-- Whether autovacuum works on the table. Others' processes are NULL to a role that may not see them.
SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum v JOIN pg_stat_activity a USING (pid)
               WHERE v.relid = %(table)s::oid AND a.backend_type = 'autovacuum worker');
