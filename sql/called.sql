-- Functions that text and scope call, and those that these call.

-- name: view
-- PostgreSQL keeps what a view depends on.
CREATE TEMPORARY VIEW migrator_called AS SELECT {text} AS text_, {old_text} AS old_text_, {scope} AS scope_ FROM {table};

-- name: any
WITH RECURSIVE {depended}
SELECT EXISTS (SELECT FROM depended WHERE classid IN ('pg_proc'::regclass, 'pg_operator'::regclass));

-- name: named
-- Functions whose names stand before a parenthesis in the body of the function p, which is a text, and that it would find.
(SELECT f.oid
 FROM regexp_matches(p.prosrc, '(?:("[^"]+"|[[:alpha:]_][\w$]*)\s*\.\s*)?("[^"]+"|[[:alpha:]_][\w$]*)\s*\(', 'g') AS m (part)
 CROSS JOIN LATERAL (SELECT CASE left(m.part[1], 1) WHEN '"' THEN btrim(m.part[1], '"') ELSE lower(m.part[1]) END,
                            CASE left(m.part[2], 1) WHEN '"' THEN btrim(m.part[2], '"') ELSE lower(m.part[2]) END
                    ) AS written (schema, name)
 JOIN pg_proc f ON f.proname = written.name JOIN pg_namespace n ON n.oid = f.pronamespace
 WHERE p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND CASE WHEN written.schema IS NOT NULL THEN n.nspname = written.schema
            ELSE pg_function_is_visible(f.oid) OR coalesce(strpos(p.proconfig::text, 'search_path='), 0) > 0 END)

-- name: functions
-- And those that they call in turn: PostgreSQL keeps what a parsed body depends on; in a body that is a text, names are
-- read that stand before a parenthesis, and that the function would find.
WITH RECURSIVE {depended},
called (oid) AS (
  SELECT coalesce(o.oprcode::oid, n.objid)
  FROM depended n LEFT JOIN pg_operator o ON n.classid = 'pg_operator'::regclass AND o.oid = n.objid
  WHERE n.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
  UNION
  SELECT callee.oid
  FROM called JOIN pg_proc p ON p.oid = called.oid JOIN pg_language l ON l.oid = p.prolang
  CROSS JOIN LATERAL (
    SELECT coalesce(o.oprcode::oid, d.refobjid) AS oid
    FROM pg_depend d LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
      AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
    UNION ALL
    SELECT named.oid FROM {named} AS named
  ) AS callee)
SELECT DISTINCT p.oid::int8
FROM called JOIN pg_proc p USING (oid) JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> 'pg_catalog';

-- name: names
-- With the types of their arguments. An aggregate has no definition to read.
SELECT oid::regprocedure::text FROM pg_proc WHERE oid = ANY (%(functions)s::oid[]) AND prokind <> 'a' ORDER BY 1;

-- name: following_path
-- Those whose body is a text in which names are looked up by the search path of whoever calls.
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid = ANY (%(functions)s::oid[]) AND p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal')
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c (setting) WHERE setting LIKE 'search\_path=%%') ORDER BY 1;

-- name: of_others
-- Functions, and those of the table's generated columns, whose owner has not the rights of this role, and whether they
-- have those of the table's owner. Those of an extension are made by whoever made the extension.
SELECT p.oid::regprocedure::text AS name, pg_get_userbyid(p.proowner)::text AS owner,
       pg_has_role(p.proowner, c.relowner, 'MEMBER') AS of_the_table
FROM pg_class c
JOIN pg_proc p ON p.oid = ANY (%(functions)s::oid[])
  OR p.oid IN (SELECT d.refobjid FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
               JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
               WHERE f.adrelid = c.oid AND a.attgenerated <> '' AND d.refclassid = 'pg_proc'::regclass)
WHERE c.oid = %(table)s::oid
  AND NOT pg_has_role(p.proowner, current_user, 'MEMBER')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1;

-- name: definitions
-- NULL where there is none any more.
SELECT f.called, encode(sha256(convert_to(pg_get_functiondef(to_regprocedure(f.called)), 'UTF8')), 'hex')
FROM unnest(%(functions)s::text[]) WITH ORDINALITY AS f (called, place) ORDER BY f.place;
