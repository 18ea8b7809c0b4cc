-- What a run that is held back asks the server between batches.

-- name: replication
-- Seconds that the slowest standby is behind. A role that may not see them gets rows of NULL.
SELECT count(*) AS standbys, count(*) FILTER (WHERE state IS NULL) AS hidden,
       coalesce(max(extract(epoch FROM replay_lag)), 0)::float8 AS lag
FROM pg_stat_replication;

-- name: position
-- How much WAL has been written, in bytes since the beginning of time.
SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8;

-- name: standby
-- On the standby itself: seconds since the last commit that it replayed, none once it has all up to that position.
SELECT CASE WHEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= %(position)s THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8;

-- name: vacuum
-- Whether autovacuum works on the table. Others' processes are NULL to a role that may not see them.
SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum v JOIN pg_stat_activity a USING (pid)
               WHERE v.relid = %(table)s::oid AND a.backend_type = 'autovacuum worker');
