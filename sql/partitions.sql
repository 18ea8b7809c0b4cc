-- Tables below another, partitions or children: what hangs on them, and indexes that are built partition by partition.

-- name: tree
-- The relation itself and all below it, for another query. pg_partition_tree would lock them, and wait for it.
(WITH RECURSIVE migrator_tree (oid) AS (
   SELECT {root}::oid
   UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN migrator_tree t ON t.oid = i.inhparent)
 SELECT oid FROM migrator_tree)

-- name: partitions
-- Below a table, on every level, parents first. A child table of two of them is told once.
-- other_parents: those outside that a child table has the column from as well.
WITH RECURSIVE below (oid, parent, level) AS (
  SELECT inhrelid, inhparent, 1 FROM pg_inherits WHERE inhparent = %(table)s::oid
  UNION ALL SELECT i.inhrelid, i.inhparent, b.level + 1 FROM pg_inherits i JOIN below b ON b.oid = i.inhparent),
tree AS (SELECT DISTINCT ON (oid) * FROM below ORDER BY oid, level DESC, parent)
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       t.parent::int8 AS parent, pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
       has_schema_privilege(n.oid, 'CREATE') AS may_create, row_security_active(c.oid) AS row_security,
       c.relpersistence = 't' AS temporary,
       ARRAY(SELECT rulename::text FROM pg_rewrite WHERE ev_class = c.oid ORDER BY 1) AS rules,
       ARRAY(SELECT a.attname::text FROM pg_attribute a JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
             JOIN pg_attribute above ON above.attrelid = %(table)s::oid AND above.attname = a.attname
             JOIN pg_attrdef e ON (e.adrelid, e.adnum) = (above.attrelid, above.attnum)
             WHERE a.attrelid = c.oid AND a.attgenerated <> ''
               AND pg_get_expr(d.adbin, d.adrelid) <> pg_get_expr(e.adbin, e.adrelid)
             ORDER BY a.attnum) AS generated_otherwise,
       greatest(c.reltuples, 0)::int8 AS rows,
       pg_relation_size(c.oid) / current_setting('block_size')::int AS blocks,
       EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = c.oid AND k.conkey = ARRAY[a.attnum]
               WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conislocal AND a.attname = %(column)s) AS own_not_null,
       ARRAY(SELECT i.inhparent::regclass::text FROM pg_inherits i
             JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attname = %(column)s AND NOT a.attisdropped
             WHERE i.inhrelid = c.oid AND i.inhparent <> %(table)s::oid AND i.inhparent NOT IN (SELECT oid FROM tree)
             ORDER BY i.inhseqno) AS other_parents
FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY t.level, n.nspname, c.relname;

-- name: own_column
-- Child tables that say a column themselves, be it inherited too.
SELECT a.attrelid::int8 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attrelid IN {tree} AND a.attrelid <> %(table)s::oid AND NOT c.relispartition
  AND a.attname = %(column)s AND a.attislocal AND NOT a.attisdropped;

-- name: keys
-- Of the table and of all below it, the partition keys that read the column: PostgreSQL lets such a column depend on the
-- table.
SELECT format('%%I.%%I is partitioned by %%s', n.nspname, c.relname, pg_get_partkeydef(c.oid))
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %(column)s
WHERE c.oid IN {tree}
  AND EXISTS (SELECT FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = a.attnum
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = 0 AND d.deptype = 'i')
ORDER BY 1;

-- name: dependents
-- What hangs on a column of one partition and did not come from the table above it, or is not as it is there.
SELECT CASE WHEN d.classid = 'pg_rewrite'::regclass
            THEN (SELECT pg_describe_object('pg_class'::regclass, w.ev_class, 0) FROM pg_rewrite w WHERE w.oid = d.objid)
            ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END
FROM pg_depend d
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s
  AND NOT (d.classid = 'pg_class'::regclass
           AND EXISTS (SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relkind IN ('i', 'I')))
  AND NOT (d.classid = 'pg_attrdef'::regclass
           AND EXISTS (SELECT FROM pg_attrdef f WHERE f.oid = d.objid AND f.adrelid = d.refobjid
                       AND f.adnum = d.refobjsubid))
  AND NOT (d.classid = 'pg_constraint'::regclass
           AND EXISTS (SELECT FROM pg_constraint k WHERE k.oid = d.objid AND (k.contype = 'n' OR k.coninhcount > 0 AND NOT k.conislocal)))
  AND NOT (d.classid = 'pg_trigger'::regclass
           AND EXISTS (SELECT FROM pg_trigger g JOIN pg_trigger above ON above.oid = g.tgparentid
                       WHERE g.oid = d.objid AND g.tgenabled = above.tgenabled))
ORDER BY 1;

-- name: detached
-- Tables of these oids that are no partition below the table any more, although they are there.
SELECT c.oid::int8, n.nspname::text, c.relname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY (%(partitions)s::oid[]) AND c.oid NOT IN {tree};

-- name: attached
-- Indexes below a partitioned one, on every level: the table each is on, and its name now.
WITH RECURSIVE tree (oid) AS (
  SELECT i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = %(schema)s AND c.relname = %(index)s
  UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent)
SELECT p.oid::int8, p.relname::text, n.nspname::text, c.relname::text
FROM tree t JOIN pg_index x ON x.indexrelid = t.oid JOIN pg_class p ON p.oid = x.indrelid
JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 3, 4;

-- name: attach
ALTER INDEX {index} ATTACH PARTITION {part};

-- name: unset_default
ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;
