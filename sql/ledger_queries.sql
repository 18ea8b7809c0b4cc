-- Reading and writing the ledger.

-- name: version
-- restored: the ledger came here by a dump and restore; of version 1 that is not known. Columns that version 1 lacks are
-- read through to_jsonb, here and below.
SELECT max(version), coalesce(bool_or(to_jsonb(v) -> 'relations' <> (
    SELECT jsonb_agg(oid::bigint ORDER BY relname) FROM pg_class
    WHERE relnamespace = 'migrator'::regnamespace
      AND relname IN ('ledger_version', 'model', 'run', 'change', 'phase', 'failed_row'))), false)
FROM migrator.ledger_version v;

-- name: extension
-- The schema of pgvector, also as PostgreSQL writes it, and the names that definitions say with it.
SELECT n.nspname::text, quote_ident(n.nspname),
       ARRAY(SELECT DISTINCT coalesce(t.typname, p.proname, o.opcname, f.opfname)::text
             FROM pg_depend d
             LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
             LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
             LEFT JOIN pg_opclass o ON d.classid = 'pg_opclass'::regclass AND o.oid = d.objid
             LEFT JOIN pg_opfamily f ON d.classid = 'pg_opfamily'::regclass AND f.oid = d.objid
             WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
               AND coalesce(t.typname, p.proname, o.opcname, f.opfname) IS NOT NULL)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector';

-- name: next_change
SELECT coalesce(max(id), 0) + 1 FROM migrator.change;

-- name: own
-- Whether a run is of the version table at work, which is known by its oid or, once dumped and restored, or made anew,
-- by its name. NULL: of a ledger of version 1, which does not say. Where none is at work all are its own.
(SELECT CASE WHEN %(version_table)s::text IS NULL THEN true
             WHEN j ->> 'version_table' IS NULL THEN NULL
             WHEN NOT %(restored)s AND EXISTS (SELECT FROM pg_class WHERE oid = (j ->> 'version_oid')::oid)
               THEN (j ->> 'version_oid')::bigint IS NOT DISTINCT FROM %(version_oid)s
             ELSE j ->> 'version_schema' = %(version_schema)s::text AND j ->> 'version_table' = %(version_table)s::text
        END
 FROM (SELECT to_jsonb(r)) AS t (j))

-- name: run
-- Of a run, as Run has them.
r.id, r.revision, r.direction,
concat_ws('.', to_jsonb(r) ->> 'version_schema', to_jsonb(r) ->> 'version_table') AS history, {own} AS own

-- name: unfinished
-- The first begun first.
SELECT {run} FROM migrator.run r WHERE r.state = 'unfinished' ORDER BY r.id;

-- name: run_of
SELECT {run} FROM migrator.run r JOIN migrator.change c ON c.run_id = r.id WHERE c.id = %(change)s;

-- name: columns
-- Of a change, as LedgerChange has them.
-- there: the oid that the ledger has is the table's; it is gone with the table, and void in a restored dump.
c.id, c.restores, c.change, c.catalog, c.state, c.texts_embedded, c.source, c.online,
NOT %(restored)s AND EXISTS (SELECT FROM pg_class WHERE oid = (c.catalog -> 'table' ->> 'oid')::oid) AS there

-- name: all_changes
SELECT {columns} FROM migrator.change c ORDER BY c.id;

-- name: set_catalog
UPDATE migrator.change SET catalog = %(catalog)s::jsonb WHERE id = %(change)s;

-- name: renumber_runs
UPDATE migrator.run SET version_oid = to_regclass(format('%%I.%%I', version_schema, version_table))::oid::bigint
WHERE version_table IS NOT NULL;

-- name: of_table
-- A table's changes, by its oid whatever it was called then; by its name where the oid that the ledger has is no longer
-- one, or that of another table by a dump and restore.
c.column_name = %(column)s
AND CASE WHEN NOT %(restored)s AND EXISTS (SELECT FROM pg_class WHERE oid = (c.catalog -> 'table' ->> 'oid')::oid)
         THEN (c.catalog -> 'table' ->> 'oid')::bigint = %(oid)s
         ELSE (c.table_schema, c.table_name) = (%(schema)s, %(table)s) END

-- name: past_cut_over
-- The swap and the ledger's word for it are one transaction.
SELECT NOT EXISTS (SELECT FROM migrator.change WHERE run_id = %(run)s AND state <> %(live)s);

-- name: changes_of_run
SELECT {columns} FROM migrator.change c WHERE c.run_id = %(run)s ORDER BY c.id;

-- name: change
SELECT {columns} FROM migrator.change c WHERE c.id = %(change)s;

-- name: live_upgrade
-- The upgrade of a column that a downgrade would undo: the latest that is still live.
SELECT {columns} FROM migrator.change c
WHERE {of_table} AND c.restores IS NULL AND c.state IN ('live', 'retired')
ORDER BY c.id DESC LIMIT 1;

-- name: live_changes
SELECT {columns}
FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
WHERE r.state = 'done' AND c.restores IS NULL AND c.state = 'live'
ORDER BY c.id;

-- name: backed_up_nulls
-- By what the backup phase of the upgrade recorded; the table itself may have been retired since.
SELECT to_regclass(format('migrator.backup_%%s', c.id)) IS NOT NULL
       AND (b.result ->> 'rows')::bigint > (b.result ->> 'vectors')::bigint AS nulls
FROM migrator.change c JOIN migrator.phase p ON p.run_id = c.run_id AND p.phase = 'backup'
CROSS JOIN LATERAL (SELECT p.result -> concat_ws('.', c.table_schema, c.table_name, c.column_name)) AS b (result)
WHERE c.id = %(change)s;

-- name: texts_edited
-- Nothing where the sequence is not there, or was never counted up.
SELECT FROM pg_sequences WHERE schemaname = 'migrator' AND sequencename = %(sequence)s AND last_value IS NOT NULL;

-- name: count_edited
SELECT nextval(%(sequence)s::regclass);

-- name: revisions
SELECT DISTINCT revision FROM migrator.run;

-- name: set_revision
UPDATE migrator.run SET revision = %(revision)s WHERE id = %(run)s;

-- name: in_force
-- The upgrades of revisions that a downgrade would undo.
SELECT {columns}
FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
WHERE r.revision = ANY (%(revisions)s) AND {own} IS NOT FALSE AND c.restores IS NULL AND c.state IN ('live', 'retired')
ORDER BY c.id;

-- name: needed_by_others
SELECT {columns}
FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
WHERE {own} IS FALSE AND c.state IN ('unfinished', 'live')
ORDER BY c.id;

-- name: last_change
SELECT {columns} FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
WHERE {of_table} AND r.state = 'done'
ORDER BY c.id DESC LIMIT 1;

-- name: carried_out
SELECT {columns}
FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
WHERE r.state = 'done' AND {own} IS NOT FALSE
ORDER BY c.id;

-- name: carried_out_on
SELECT {columns}
FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id
WHERE {of_table} AND r.state = 'done'
ORDER BY c.id;

-- name: registered
SELECT g.declared, g.scope FROM migrator.registry g JOIN migrator.change c ON c.id = g.change_id
WHERE {of_table}
ORDER BY c.id DESC;

-- name: start_run
INSERT INTO migrator.run AS r (revision, direction, version_schema, version_table, version_oid)
VALUES (%(revision)s, %(direction)s, %(version_schema)s, %(version_table)s, %(version_oid)s)
RETURNING {run};

-- name: start_change
INSERT INTO migrator.change
    (id, run_id, restores, table_schema, table_name, column_name, change, catalog, source, online)
VALUES (%(id)s, %(run)s, %(restores)s, %(schema)s, %(table)s, %(column)s, %(change)s::jsonb, %(catalog)s::jsonb,
        %(source)s, %(online)s);

-- name: captured
SELECT catalog -> 'captured' FROM migrator.change WHERE id = %(change)s;

-- name: set_captured
UPDATE migrator.change SET catalog = jsonb_set(catalog, '{{captured}}', %(captured)s::jsonb) WHERE id = %(change)s;

-- name: phase_started
INSERT INTO migrator.phase (run_id, phase) VALUES (%(run)s, %(phase)s)
ON CONFLICT (run_id, phase) DO UPDATE SET started_at = clock_timestamp(), finished_at = NULL;

-- name: phase_done
UPDATE migrator.phase SET finished_at = clock_timestamp(), result = %(result)s::jsonb
WHERE run_id = %(run)s AND phase = %(phase)s;

-- name: forget_phases
DELETE FROM migrator.phase WHERE run_id = %(run)s;

-- name: phases_done
SELECT phase FROM migrator.phase WHERE run_id = %(run)s AND finished_at IS NOT NULL;

-- name: phases
SELECT phase, to_char(started_at, 'YYYY-MM-DD HH24:MI:SS') AS started,
       extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float8 AS seconds,
       finished_at IS NOT NULL AS done, result
FROM migrator.phase WHERE run_id = %(run)s ORDER BY phase.started_at;

-- name: set_waiting
UPDATE migrator.run SET waiting = %(reason)s WHERE id = %(run)s;

-- name: waiting
SELECT waiting FROM migrator.run WHERE id = %(run)s;

-- name: set_change_state
UPDATE migrator.change SET state = %(state)s WHERE id = %(change)s;

-- name: set_run_state
UPDATE migrator.run SET state = %(state)s, finished_at = clock_timestamp() WHERE id = %(run)s;

-- name: count_embedded
UPDATE migrator.change SET texts_embedded = texts_embedded + %(texts)s WHERE id = %(change)s;

-- name: probes
SELECT probes FROM migrator.model WHERE declared = %(declared)s::jsonb;

-- name: add_model
INSERT INTO migrator.model (declared, fingerprint, probes)
VALUES (%(declared)s::jsonb, %(fingerprint)s::jsonb, %(probes)s::jsonb);

-- name: set_aside
-- Of a change that is embedded ahead of its turn there is no row yet: its own run tries such texts again.
INSERT INTO migrator.failed_row (change_id, text_hash, rows, reason)
SELECT c.id, %(hash)s, %(rows)s, %(reason)s FROM migrator.change c WHERE c.id = %(change)s
ON CONFLICT (change_id, text_hash) DO UPDATE SET rows = excluded.rows, reason = excluded.reason;

-- name: failed_texts
-- By the length of their hash, which those without a text and those that cannot be evaluated do not have.
SELECT count(*), coalesce(sum(rows), 0) FROM migrator.failed_row
WHERE change_id = %(change)s AND octet_length(text_hash) = 32;

-- name: not_evaluated
SELECT count(*) FROM migrator.failed_row WHERE change_id = %(change)s AND octet_length(text_hash) = 33;

-- name: failed_reason
SELECT reason FROM migrator.failed_row WHERE change_id = %(change)s AND text_hash <> '' ORDER BY text_hash LIMIT 1;

-- name: forget_failed
DELETE FROM migrator.failed_row WHERE change_id = %(change)s;

-- name: failed_rows
SELECT coalesce(sum(rows), 0) FROM migrator.failed_row WHERE change_id = %(change)s;

-- name: forget_model
DELETE FROM migrator.model WHERE declared = %(declared)s::jsonb;

-- name: every_change
SELECT {columns} FROM migrator.change c JOIN migrator.run r ON r.id = c.run_id ORDER BY c.id;

-- name: stores
SELECT c.relname::text, pg_total_relation_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'migrator' AND c.relkind = 'r' AND c.relname LIKE 'store\_%%' ORDER BY 1;
