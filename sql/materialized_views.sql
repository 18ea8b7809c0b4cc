-- Materialized views of a column: built beside the old one as `twin`, over the shadow column, and swapped at cut-over.

-- name: read
-- What a materialized view has that a view has not. concurrent: an index by which it can be refreshed while it is read.
-- owner_reads: its owner reads all columns of the table, the shadow column too. may_be_made: by this role, for its owner.
SELECT c.relispopulated AS populated, m.amname::text AS method, ts.spcname::text AS tablespace,
       EXISTS (SELECT FROM pg_index i
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
                 AND i.indexprs IS NULL) AS concurrent,
       EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
               WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                 AND r.ev_class <> c.oid) AS read_by_views,
       has_table_privilege(c.relowner, %(table)s::oid, 'SELECT') AS owner_reads,
       has_schema_privilege(n.oid, 'CREATE')
       AND (has_schema_privilege(c.relowner, n.oid, 'CREATE')
            OR (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user)) AS may_be_made,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'name', i.relname, 'method', a.amname, 'definition', pg_get_indexdef(i.oid),
                 'predicate', pg_get_expr(x.indpred, x.indrelid), 'unique', x.indisunique, 'valid', x.indisvalid,
                 'tablespace', t.spcname, 'comment', obj_description(i.oid, 'pg_class'), 'clustered', x.indisclustered,
                 'statistics', (SELECT coalesce(jsonb_object_agg(k.attnum, k.attstattarget), jsonb_build_object())
                                FROM pg_attribute k WHERE k.attrelid = i.oid AND k.attstattarget >= 0))
                 ORDER BY i.relname), '[]')
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam
        LEFT JOIN pg_tablespace t ON t.oid = i.reltablespace
        WHERE x.indrelid = c.oid) AS indexes,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'name', k.attname, 'statistics', coalesce(k.attstattarget, -1),
                 'options', coalesce(k.attoptions, ARRAY[]::text[]), 'storage',
                 CASE WHEN k.attstorage <> y.typstorage THEN
                   CASE k.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                     ELSE 'EXTENDED' END END,
                 'compression', CASE k.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END)
                 ORDER BY k.attnum), '[]')
        FROM pg_attribute k JOIN pg_type y ON y.oid = k.atttypid
        WHERE k.attrelid = c.oid AND k.attnum > 0 AND NOT k.attisdropped
          AND (k.attstattarget >= 0 OR k.attoptions IS NOT NULL OR k.attstorage <> y.typstorage
               OR k.attcompression <> '')) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
WHERE n.nspname = %(schema)s AND c.relname = %(view)s;

-- name: state
-- Whether a twin holds its rows; no row where there is none.
SELECT c.relispopulated FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s AND c.relname = %(twin)s AND c.relkind = 'm';

-- name: create
CREATE MATERIALIZED VIEW {twin} USING {method} {options} {tablespace} AS {definition} WITH NO DATA;

-- name: create_index
-- On an empty view; REFRESH builds it with the rows.
CREATE {kind} {index} ON {twin} {body} {tablespace} {predicate};

-- name: try_type
ALTER TABLE pg_temp.{copy} ALTER COLUMN {column} TYPE {type};

-- name: try
CREATE TEMPORARY TABLE migrator_try_view AS {definition} WITH NO DATA;

-- name: size
SELECT coalesce(sum(pg_total_relation_size(v.called::regclass)), 0) FROM unnest(%(views)s::text[]) AS v (called);

-- name: own
ALTER MATERIALIZED VIEW {twin} OWNER TO {owner};

-- name: comment
COMMENT ON MATERIALIZED VIEW {twin} IS {comment};

-- name: set_compression
ALTER MATERIALIZED VIEW {twin} ALTER COLUMN {column} SET COMPRESSION {compression};

-- name: refresh
REFRESH MATERIALIZED VIEW {twin};

-- name: refresh_live
REFRESH MATERIALIZED VIEW CONCURRENTLY {view};

-- name: drop
DROP MATERIALIZED VIEW {view};

-- name: drop_twin
DROP MATERIALIZED VIEW IF EXISTS {twin};

-- name: rename
ALTER MATERIALIZED VIEW {twin} RENAME TO {new};
