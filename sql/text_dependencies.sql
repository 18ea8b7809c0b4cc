-- What text and scope are made of, besides the values of the row: read off the view of called.sql; and
-- tables that hold rows, by which it shows whether capture saw every write.

-- name: depended
-- What the view depends on, and what the expressions of generated columns do that it reads: PostgreSQL 14 keeps these
-- with the column itself.
depended (classid, objid, objsubid) AS (
  SELECT d.refclassid, d.refobjid, d.refobjsubid
  FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
  WHERE r.ev_class = 'pg_temp.migrator_called'::regclass
  UNION
  SELECT d.refclassid, d.refobjid, d.refobjsubid
  FROM depended n
  JOIN pg_attribute a ON n.classid = 'pg_class'::regclass AND (a.attrelid, a.attnum) = (n.objid, n.objsubid)
   AND a.attgenerated <> ''
  JOIN pg_attrdef f ON (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
  JOIN pg_depend d ON (d.classid, d.objid) = ('pg_attrdef'::regclass, f.oid)
   OR (d.classid, d.objid, d.objsubid) = ('pg_class'::regclass, a.attrelid, a.attnum))

-- name: roots
-- Columns of the table, and what is named besides: types and text search.
WITH RECURSIVE {depended}
SELECT ARRAY(SELECT a.attname::text FROM depended n JOIN pg_attribute a ON (a.attrelid, a.attnum) = (n.objid, n.objsubid)
             WHERE n.classid = 'pg_class'::regclass AND n.objid = %(table)s::oid ORDER BY a.attnum) AS columns,
       ARRAY(SELECT objid::regtype::text FROM depended WHERE classid = 'pg_type'::regclass ORDER BY 1) AS types,
       ARRAY(SELECT objid::regconfig::text FROM depended WHERE classid = 'pg_ts_config'::regclass ORDER BY 1) AS configurations,
       ARRAY(SELECT objid::regdictionary::text FROM depended WHERE classid = 'pg_ts_dict'::regclass ORDER BY 1) AS dictionaries;

-- name: surroundings
-- What the view asks that is in no row, and that nothing can compare: PostgreSQL's functions that tell of the session, the
-- server and its catalogs, and types that print as names of objects. And whether it reads settings.
SELECT ARRAY(SELECT p.proname || '()' FROM regexp_matches(r.ev_action::text, ':(?:op)?funcid (\d+)', 'g') AS f
             JOIN pg_proc p ON p.oid = f[1]::oid AND p.pronamespace = 'pg_catalog'::regnamespace
             WHERE p.provolatile = 's' AND p.proname <> 'current_setting' AND p.proname !~ '^pg_(input_|encoding_|char_)'
               AND p.proname ~ '^(pg_|current_|inet_|txid_|has_|to_reg|row_security_active|version$|format_type|(obj|col|shobj)_description)'
             UNION
             SELECT format_type(t.oid, NULL)
             FROM regexp_matches(r.ev_action::text, ':(?:var|funcresult|opresult|result|param|coalesce|case)type (\d+)', 'g') AS f
             JOIN pg_type t ON t.oid = f[1]::oid AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typname ~ '^_?reg'
             ORDER BY 1),
       EXISTS (SELECT FROM regexp_matches(r.ev_action::text, ':funcid (\d+)', 'g') AS f
               WHERE f[1]::oid IN ('current_setting(text)'::regprocedure, 'current_setting(text, boolean)'::regprocedure))
FROM pg_rewrite r WHERE r.ev_class = 'pg_temp.migrator_called'::regclass;

-- name: bodies
-- What functions are made of that are not compiled, and which settings they set for themselves.
SELECT coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
       ARRAY(SELECT split_part(setting, '=', 1) FROM unnest(p.proconfig) AS setting)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid = ANY (%(functions)s::oid[]) AND l.lanname NOT IN ('c', 'internal');

-- name: states
-- What decides how values print, and which column is meant: a column dropped and added again has another number. Of types
-- those within others too: of arrays, domains, ranges, composite types. Each label by itself, for those that come change
-- no text, while an attribute that comes does.
WITH RECURSIVE columns AS (
  SELECT a.*, pg_get_expr(f.adbin, f.adrelid) AS expression
  FROM pg_attribute a
  LEFT JOIN pg_attrdef f ON a.attgenerated <> '' AND (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
  WHERE a.attrelid = %(table)s::oid AND a.attname = ANY (%(columns)s::text[]) AND NOT a.attisdropped),
types (oid) AS (
  SELECT atttypid FROM columns
  UNION SELECT to_regtype(named.type)::oid FROM unnest(%(types)s::text[]) AS named (type)
  UNION
  SELECT part.oid
  FROM types JOIN pg_type t ON t.oid = types.oid
  CROSS JOIN LATERAL (
    SELECT unnest(ARRAY[t.typelem, t.typbasetype])
    UNION ALL SELECT rngsubtype FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)
    UNION ALL SELECT atttypid FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped
  ) AS part (oid)
  WHERE part.oid <> 0)
SELECT 'column' AS kind, attname::text AS name, concat_ws(' ', attnum, format_type(atttypid, atttypmod),
         (SELECT concat_ws(' ', oid::regcollation, pg_collation_actual_version(oid)) FROM pg_collation WHERE oid = attcollation),
         attgenerated, expression) AS state
FROM columns
UNION ALL
SELECT 'label', format('%%s %%L', types.oid::regtype, e.enumlabel), e.enumsortorder::text
FROM types JOIN pg_enum e ON e.enumtypid = types.oid
UNION ALL
SELECT 'type', types.oid::regtype::text,
       string_agg(format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
FROM types JOIN pg_type t ON t.oid = types.oid AND t.typtype = 'c'
JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY types.oid
UNION ALL
SELECT 'text search configuration', c.oid::regconfig::text,
       (SELECT md5(string_agg(concat_ws(' ', m.maptokentype, m.mapseqno, d.oid::regdictionary, d.dicttemplate, d.dictinitoption),
                              ',' ORDER BY m.maptokentype, m.mapseqno))
        FROM pg_ts_config_map m JOIN pg_ts_dict d ON d.oid = m.mapdict WHERE m.mapcfg = c.oid)
FROM pg_ts_config c WHERE c.oid::regconfig::text = ANY (%(configurations)s::text[])
UNION ALL
SELECT 'text search dictionary', d.oid::regdictionary::text, concat_ws(' ', d.dicttemplate, d.dictinitoption)
FROM pg_ts_dict d WHERE d.oid::regdictionary::text = ANY (%(dictionaries)s::text[]);

-- name: captured
-- Another file: the table was rewritten. Another trigger, or another version of its row: it was dropped, disabled, or made
-- again as partitions are attached. And other triggers that may change a row: one that fires after it may have been renamed.
SELECT c.oid::int8 AS oid, concat_ws(' ', c.relfilenode, t.oid, t.xmin, (
         SELECT string_agg(other.oid::text, ' ' ORDER BY other.oid) FROM pg_trigger other
         WHERE other.tgrelid = c.oid AND other.tgtype & 3 = 3 AND other.tgname !~ '^~?migrator_'
           AND (other.tgparentid <> 0 OR NOT other.tgisinternal))) AS state
FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = %(trigger)s
WHERE c.oid IN {tree} AND c.relkind <> 'p' ORDER BY c.oid;
