-- What the database says about a table: reads only.

-- name: server
SELECT current_setting('server_version_num')::int AS version,
       current_setting('server_version') AS version_text,
       e.extversion AS pgvector,
       n.nspname AS pgvector_schema,
       -- Where it is not there: the view reads every extension's file.
       e.oid IS NOT NULL OR EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') AS pgvector_available,
       current_user::text AS role,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       current_schemas(false)::text[] AS search_path,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       pg_size_bytes(current_setting('maintenance_work_mem')) AS maintenance_work_mem,
       CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER') OR
                 (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
            THEN current_setting('data_directory') END AS data_directory,
       ARRAY(SELECT m.rolname::text FROM pg_roles m WHERE pg_has_role(m.oid, CASE
             -- From PostgreSQL 16 on a member may be kept from SET ROLE.
             WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)) AS member_of,
       inet_server_addr() IS NULL AS unix_socket,
       pg_is_in_recovery() AS standby,
       (SELECT coalesce(array_agg(pubname::text ORDER BY pubname), ARRAY[]::text[]) FROM pg_publication WHERE puballtables)
         AS publications_of_all
FROM (SELECT) AS one
LEFT JOIN pg_extension e ON e.extname = 'vector'
LEFT JOIN pg_namespace n ON n.oid = e.extnamespace;

-- name: may_quiet_triggers
-- From PostgreSQL 15 on.
SELECT has_parameter_privilege('session_replication_role', 'SET');

-- name: find_table
-- Tables of that name that the search path, or the schema given, reaches; exact spelling first, then as SQL folds it.
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
       size.rows, size.blocks, size.bytes,
       row_security_active(c.oid) AS row_security, c.relrowsecurity AS has_policies,
       has_schema_privilege(n.oid, 'CREATE') AS may_create,
       CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::regclass::text END AS partition_of,
       ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition
             ORDER BY i.inhseqno) AS parents,
       ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = c.oid AND c.relkind <> 'p'
             ORDER BY 1) AS children,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
       EXISTS (SELECT FROM pg_publication) AS any_published,
       current_setting('block_size')::int AS block_size
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
-- Of a partitioned table: of all partitions together.
CROSS JOIN LATERAL (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::int8 AS rows,
                           coalesce(sum(pg_relation_size(p.oid) / current_setting('block_size')::int), 0)::int8 AS blocks,
                           coalesce(sum(pg_table_size(p.oid)), 0)::int8 AS bytes
                    FROM pg_class p WHERE p.oid IN {tree} AND p.relkind <> 'p') AS size
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND c.relname IN (%(table)s::text, lower(%(table)s::text))
  AND CASE WHEN %(schema)s::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = %(schema)s::text END
ORDER BY c.relname = %(table)s::text DESC
LIMIT 1;

-- name: present_table
-- A table of the ledger as it is called now: by its oid, or by its name after a dump and restore, which gives other oids.
-- mark: a column of migrator's that tells the table from another of that name. is_marked: it is known to be there.
SELECT c.oid::int8, n.nspname::text, c.relname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT bool_or(a.attname = %(mark)s) AS is_marked, bool_or(a.attname = %(column)s) AS has_column
                    FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS found
WHERE c.relkind IN ('r', 'p') AND (c.oid = %(table)s::oid OR (n.nspname, c.relname) = (%(schema)s, %(name)s))
  AND (found.is_marked OR has_column AND (c.oid = %(table)s::oid OR NOT %(is_marked)s))
ORDER BY found.is_marked DESC, c.oid = %(table)s::oid DESC
LIMIT 1;

-- name: named
SELECT n.nspname::text, c.relname::text, c.oid::int8 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest(%(schemas)s::text[], %(names)s::text[]));

-- name: table_names
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'migrator')
  AND n.nspname !~ '^pg_'
ORDER BY 1, 2;

-- name: grants
-- Of an access control list, in the order in which they were given.
(SELECT coalesce(jsonb_agg(jsonb_build_object(
          'grantor', pg_get_userbyid(x.grantor), 'grantee', CASE WHEN x.grantee <> 0
            THEN pg_get_userbyid(x.grantee) END,
          'privilege', x.privilege_type, 'grantable', x.is_grantable)
          ORDER BY x.n), '[]')
 FROM aclexplode({acl}) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, n))

-- name: columns
SELECT a.attname::text AS name, a.attnum::int AS number, t.typname::text AS type,
       CASE WHEN a.atttypmod > 0 AND t.typname IN ('vector', 'halfvec') THEN a.atttypmod END AS dimensions,
       -- format_type puts the schema before it or not, by the search path.
       CASE WHEN t.typname IN ('vector', 'halfvec')
            THEN t.typname || CASE WHEN a.atttypmod > 0 THEN '(' || a.atttypmod || ')' ELSE '' END
            ELSE format_type(a.atttypid, a.atttypmod) END AS type_text,
       a.attnotnull AS not_null,
       k.conname::text AS not_null_name, coalesce(k.convalidated, true) AS not_null_valid,
       k.connoinherit IS NOT TRUE AS not_null_inherits,
       pg_get_expr(d.adbin, d.adrelid) AS default_text,
       a.attgenerated::text AS generated,
       a.attinhcount > 0 AS inherited, a.attislocal AS local,
       a.attstorage::text AS storage,
       a.attcompression::text AS compression,
       coalesce(a.attstattarget, -1)::int AS statistics_target,
       a.attoptions AS options,
       col_description(a.attrelid, a.attnum) AS comment,
       {grants} AS grants
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]
WHERE a.attrelid = %(table)s::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: has_table
SELECT to_regclass(%(table)s) IS NOT NULL;

-- name: domain_over
-- What a column's domain is over, where that is vectors.
SELECT b.typname || CASE WHEN d.typtypmod > 0 THEN '(' || d.typtypmod || ')' ELSE '' END
FROM pg_attribute a JOIN pg_type d ON d.oid = a.atttypid AND d.typtype = 'd'
JOIN pg_type b ON b.oid = d.typbasetype AND b.typname IN ('vector', 'halfvec')
WHERE a.attrelid = %(table)s::oid AND a.attnum = %(column)s;

-- name: attribute_numbers
-- Columns the table has used up of PostgreSQL's 1,600, dropped ones included, or a table below it that has used up more.
SELECT max(attnum)::int FROM pg_attribute WHERE attrelid IN {tree};

-- name: key
-- The columns that tell rows apart: the primary key, else a unique index on NOT NULL columns.
SELECT array_agg(a.attname::text ORDER BY k.n)
FROM (
  SELECT i.indexrelid, i.indrelid, i.indkey::int2[] AS keys
  FROM pg_index i
  WHERE i.indrelid = %(table)s::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
    AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts
    AND NOT EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = i.indrelid AND b.attnum = ANY (i.indkey)
                    AND NOT b.attnotnull)
  ORDER BY i.indisprimary DESC, i.indnatts, i.indexrelid
  LIMIT 1
) u
CROSS JOIN LATERAL unnest(u.keys) WITH ORDINALITY AS k (attnum, n)
JOIN pg_attribute a ON a.attrelid = u.indrelid AND a.attnum = k.attnum;

-- name: triggers
-- The table's, and those that a partition has of its own.
-- on_update: it fires where only vector columns are updated.
SELECT tgname::text AS name,
       {on_update} AS on_update, (tgtype & 1) <> 0 AS for_each_row, (tgtype & 2) <> 0 AS before,
       tgenabled::text AS enabled, NULLIF(tgrelid, %(table)s::oid)::int8 AS partition
FROM pg_trigger
WHERE (tgrelid = %(table)s::oid OR tgparentid = 0 AND tgrelid IN {tree}) AND NOT tgisinternal AND tgenabled <> 'D'
ORDER BY tgname, tgrelid;

-- name: fires_on_update
-- Whether a trigger fires where only vector columns are updated.
((tgtype & 16) <> 0 AND (tgattr = ''::int2vector OR EXISTS (
   SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
   WHERE a.attrelid = tgrelid AND a.attnum = ANY (tgattr::int2[]) AND t.typname IN ('vector', 'halfvec'))))

-- name: update_triggers
-- Triggers of the tables that hold the rows, each with its state there: that of a partition may differ from its table's.
SELECT tgrelid::int8 AS "table", tgname::text AS name, tgenabled::text AS enabled
FROM pg_trigger
WHERE tgrelid IN {tree} AND NOT tgisinternal AND tgenabled <> 'D' AND {on_update}
  AND (SELECT relkind FROM pg_class WHERE oid = tgrelid) <> 'p'
ORDER BY tgrelid, tgname;

-- name: indexes
-- Every index the column takes part in.
SELECT c.relname::text AS name, am.amname::text AS method, pg_get_indexdef(c.oid) AS definition,
       i.indisvalid AND i.indisready AS valid,
       i.indnkeyatts = 1 AND i.indexprs IS NULL AND i.indkey[0] = %(column)s AS plain,
       o.opcname::text AS opclass,
       coalesce(c.reloptions, ARRAY[]::text[]) AS options,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       ts.spcname::text AS tablespace,
       obj_description(c.oid, 'pg_class') AS comment,
       i.indisclustered AS clustered,
       i.indisreplident AS replica_identity,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid) AS of_constraint,
       i.indisunique AS unique,
       pg_get_indexdef(c.oid, 1, false) AS key,
       (SELECT coalesce(jsonb_object_agg(a.attnum, a.attstattarget), jsonb_build_object())
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0) AS statistics,
       -- Of a part: the topmost index that it is attached to, and the partition which that one is on.
       whole.root, whole.root_on
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_opclass o ON o.oid = i.indclass[0]
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN LATERAL (SELECT top.relname::text AS root,
                          CASE WHEN x.indrelid <> pg_partition_root(i.indrelid) THEN x.indrelid::int8 END AS root_on
                   FROM pg_class top JOIN pg_index x ON x.indexrelid = top.oid
                   WHERE top.oid = pg_partition_root(c.oid) AND top.oid <> c.oid) AS whole ON true
WHERE i.indrelid = %(table)s::oid
  AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = %(column)s)
ORDER BY c.relname;

-- name: kinds_of_dependents
-- The catalogs of what depends on the column, by name; and prosrc where functions are a text, which might name it.
SELECT DISTINCT c.relname::text
FROM pg_depend d JOIN pg_class c ON c.oid = d.classid
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s
UNION ALL
SELECT 'prosrc' WHERE EXISTS (
  SELECT FROM pg_proc p
  WHERE p.pronamespace <> ALL (ARRAY(SELECT oid FROM pg_namespace
                                     WHERE nspname IN ('pg_catalog', 'information_schema', 'migrator')))
    AND p.prolang <> ALL (ARRAY(SELECT oid FROM pg_language WHERE lanname IN ('c', 'internal'))));

-- name: views
-- Views that read the column, and views that read those, innermost first.
WITH RECURSIVE found (oid, depth) AS (
  SELECT r.ev_class, 1
  FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
  WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s AND r.ev_class <> %(table)s::oid
  UNION
  SELECT r.ev_class, f.depth + 1
  FROM found f
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = f.oid
       AND d.classid = 'pg_rewrite'::regclass
  -- Not by their other rules, which may name one another in a circle.
  JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN'
  WHERE r.ev_class <> f.oid AND f.depth < 100
)
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, max(f.depth) AS depth,
       rtrim(pg_get_viewdef(c.oid), '; ') AS definition, pg_get_userbyid(c.relowner)::text AS owner,
       coalesce(c.reloptions, ARRAY[]::text[]) AS options, obj_description(c.oid, 'pg_class') AS comment,
       (SELECT coalesce(jsonb_object_agg(a.attname, col_description(c.oid, a.attnum)), jsonb_build_object())
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
          AND col_description(c.oid, a.attnum) IS NOT NULL) AS column_comments,
       {grants} AS grants,
       c.relacl IS NOT NULL AS has_grants,
       (SELECT coalesce(jsonb_object_agg(a.attname, pg_get_expr(f.adbin, f.adrelid)), jsonb_build_object())
        FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
        WHERE f.adrelid = c.oid) AS defaults,
       (SELECT coalesce(jsonb_object_agg(a.attname, {grants_on_column}), jsonb_build_object())
        FROM pg_attribute a WHERE a.attrelid = c.oid AND array_length(a.attacl, 1) > 0) AS grants_on_columns,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('name', w.rulename, 'definition', rtrim(pg_get_ruledef(w.oid), '; '),
                 'comment', obj_description(w.oid, 'pg_rewrite')) ORDER BY w.rulename), '[]')
        FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN') AS rules,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('name', g.tgname, 'definition', pg_get_triggerdef(g.oid),
                 'comment', obj_description(g.oid, 'pg_trigger')) ORDER BY g.tgname), '[]')
        FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal) AS triggers,
       -- Functions that take or return its rows, or have an SQL body; policies; whatever else keeps it from being dropped.
       ARRAY(SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
             FROM pg_depend d
             LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
             LEFT JOIN pg_class v ON d.classid = 'pg_class'::regclass AND v.oid = d.objid
             LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
             LEFT JOIN pg_attrdef u ON d.classid = 'pg_attrdef'::regclass AND u.oid = d.objid
             WHERE d.deptype IN ('n', 'a')
               AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                    OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (
                      SELECT t.oid FROM pg_type t WHERE c.reltype IN (t.oid, t.typelem)))
               -- Indexes of a materialized view.
               AND v.relkind IS DISTINCT FROM 'i'
               AND NOT EXISTS (SELECT FROM found g WHERE g.oid IN (w.ev_class, v.oid, t.tgrelid, u.adrelid))
             ORDER BY 1) AS dependents
FROM found f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace
GROUP BY c.oid, n.nspname
ORDER BY max(f.depth), n.nspname, c.relname;

-- name: other_dependents
-- Whatever else hangs on the column, as PostgreSQL describes it; indexes, default, NOT NULL and views have their own queries.
SELECT coalesce((SELECT format('generated column %%s of table %%s', a.attname, a.attrelid::regclass)
                 FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                 WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid AND a.attgenerated <> ''),
                pg_describe_object(d.classid, d.objid, d.objsubid))
FROM pg_depend d
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s
  AND d.classid <> 'pg_rewrite'::regclass
  AND NOT (d.classid = 'pg_class'::regclass
           AND EXISTS (SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relkind IN ('i', 'I')))
  AND NOT (d.classid = 'pg_attrdef'::regclass
           AND EXISTS (SELECT FROM pg_attrdef f WHERE f.oid = d.objid AND f.adrelid = d.refobjid
                       AND f.adnum = d.refobjsubid))
  AND NOT (d.classid = 'pg_constraint'::regclass
           AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND k.contype = 'n'))
ORDER BY 1;

-- name: rules_on_table
SELECT rulename::text FROM pg_rewrite WHERE ev_class = %(table)s::oid ORDER BY rulename;

-- name: whole_row_identity
SELECT EXISTS (SELECT FROM pg_class WHERE oid IN {tree} AND relreplident = 'f');

-- name: publications
-- And whether it publishes the table with all tables of a schema, for it names none of them.
SELECT DISTINCT v.pubname::text,
       NOT p.puballtables AND NOT EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid IN {tree})
FROM pg_publication_tables v
JOIN pg_publication p ON p.pubname = v.pubname
JOIN pg_class c ON c.relname = v.tablename JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = v.schemaname
WHERE c.oid IN {tree} ORDER BY 1;

-- name: text_type
SELECT {text} AS text_ FROM {table} LIMIT 0;

-- name: is_text
SELECT typcategory = 'S', format_type(oid, NULL) FROM pg_type WHERE oid = %(type)s;

-- name: condition
-- In a WHERE neither aggregates nor window functions nor set-returning functions are allowed.
SELECT FROM {table} WHERE {condition} LIMIT 0;

-- name: condition_without
-- The same, where the column that changes is none of the row.
SELECT FROM (SELECT {columns} FROM {table}) AS {called} WHERE {condition} LIMIT 0;

-- name: counts
SELECT count(*) AS rows,
       count(*) FILTER (WHERE {scope}) AS in_scope,
       count(*) FILTER (WHERE {scope} AND {text} IS NOT NULL) AS with_text,
       count(DISTINCT {text_hash}) FILTER (WHERE {scope}) AS distinct_texts,
       count(*) FILTER (WHERE {column} IS NULL) AS without_vector,
       count(*) FILTER (WHERE ({scope}) IS NOT TRUE AND {column} IS NOT NULL) AS vectors_outside,
       count(*) FILTER (WHERE {scope} AND {text} IS NULL AND {column} IS NOT NULL) AS vectors_without_text
FROM {table} WHERE {readable};

-- name: coverage
SELECT count(*) AS rows, count(*) FILTER (WHERE {scope}) AS in_scope,
       count(*) FILTER (WHERE {scope} AND {column} IS NOT NULL) AS with_vector,
       count(*) FILTER (WHERE {scope} AND {column} IS NULL AND {text} IS NULL AND {readable}) AS without_text
FROM {table};

-- name: dimensions_in_scope
SELECT {extension}.vector_dims({column}) AS size, count(*) AS vectors
FROM {table} WHERE {column} IS NOT NULL AND {scope} GROUP BY 1 ORDER BY 2 DESC, 1;

-- name: vectors_of_no_scope
-- How many vectors there are where no row is in scope; else none, and the scan ends at the first such row.
SELECT count({column}) AS vectors FROM {table} WHERE NOT EXISTS (SELECT FROM {table} WHERE {scope});

-- name: vectors_by_condition
-- How many vectors there are in the scope of each condition. One scan.
SELECT ARRAY[{counts}] AS vectors FROM {table} WHERE {column} IS NOT NULL;

-- name: columns_of_few_values
-- By the planner's statistics: each value stands in several rows. written: as a condition names the column.
SELECT a.attname::text AS name, quote_ident(a.attname) AS written, t.typname IN ('int2', 'int4', 'int8') AS is_number
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %(table)s::oid AND a.attnum > 0 AND NOT a.attisdropped
  AND (t.typcategory IN ('S', 'B', 'E') OR t.typname IN ('int2', 'int4', 'int8', 'uuid'))
  AND EXISTS (SELECT FROM pg_stats s JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE (s.schemaname, s.tablename, s.attname) = (n.nspname, c.relname, a.attname)
                AND CASE WHEN s.n_distinct > 0 THEN s.n_distinct
                         WHEN s.n_distinct >= -0.5 THEN -s.n_distinct * %(rows)s ELSE 'infinity' END <= %(most)s)
ORDER BY a.attnum;

-- name: dimensions_by_value
-- Of each column, by its place among them, and each of its values: the least and most dimensions of the vectors there,
-- and how many these are. One scan.
SELECT told.place::int AS place, quote_literal(told.value) AS value, min(held.size) AS least, max(held.size) AS most,
       count(*) AS vectors
FROM (SELECT {extension}.vector_dims({column}) AS size, ARRAY[{columns}] AS values
      FROM {table} WHERE {column} IS NOT NULL OFFSET 0) AS held
CROSS JOIN LATERAL unnest(held.values) WITH ORDINALITY AS told (value, place)
GROUP BY told.place, told.value ORDER BY told.place, count(*) DESC, told.value;

-- name: last_number
-- How many numbers a few vectors of the scope have up to the last that is not zero.
SELECT max(number.place)::int AS last
FROM (SELECT {column}::real[] AS numbers FROM {table} WHERE {column} IS NOT NULL AND {scope} LIMIT %(limit)s) AS held
CROSS JOIN LATERAL unnest(held.numbers) WITH ORDINALITY AS number (value, place)
WHERE number.value <> 0;

-- name: vector_sample
SELECT {text}::text, {column}::text FROM {table} WHERE {column} IS NOT NULL AND {due} LIMIT %(limit)s;

-- name: text_sample
SELECT {text}::text FROM {table} WHERE {scope} AND {text} IS NOT NULL LIMIT %(limit)s;

-- name: row_security
-- Whether row-level security applies to the role at work.
SELECT row_security_active(%(table)s::oid);

-- name: names_beyond_ascii
-- Names with bytes that are not ASCII, as they are stored, each with what it names.
SELECT kind, convert_to(called, getdatabaseencoding())
FROM (SELECT 'schema' AS kind, nspname::text AS called FROM pg_namespace
      UNION ALL SELECT 'relation', relname::text FROM pg_class
      UNION ALL SELECT 'column', attname::text FROM pg_attribute
      UNION ALL SELECT 'function', proname::text FROM pg_proc
      UNION ALL SELECT 'constraint', conname::text FROM pg_constraint
      UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger
      UNION ALL SELECT 'policy', polname::text FROM pg_policy
      UNION ALL SELECT 'role', rolname::text FROM pg_roles) AS names
WHERE called ~ '[^\x01-\x7f]'
GROUP BY 1, 2 ORDER BY 1, 2;
