-- Whose code runs with whose rights: what a session may that the owner of a table, of a function or of the ledger may not.

-- name: beyond
-- Roles that the session is, or may become, and `owner` may not; of a superuser that one word says it all.
(SELECT CASE WHEN bool_or(r.rolsuper) THEN ARRAY['superuser']
             ELSE coalesce(array_agg(r.rolname::text ORDER BY r.rolname), ARRAY[]::text[]) END
 FROM pg_roles r
 WHERE pg_has_role(session_user, r.oid, 'MEMBER') AND NOT pg_has_role({owner}, r.oid, 'MEMBER') AND {which})

-- name: unsafe
-- Of those, the ones that give the server away: its files, its programs, or every other role.
(r.rolsuper OR r.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files')
 OR r.rolcreaterole AND current_setting('server_version_num')::int < 160000)

-- name: is_unsafe
SELECT EXISTS (SELECT FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER') AND {which});

-- name: creators
-- Schemas in which a role may create that has not the session's rights, each with one such role.
SELECT DISTINCT ON (may.nspname) may.nspname::text, may.rolname::text, session_user::text, lesser.unsafe
FROM (SELECT n.nspname, r.oid AS role, r.rolname
      FROM pg_namespace n CROSS JOIN pg_roles r
      WHERE n.nspname = ANY (%(schemas)s::name[]) AND n.nspname <> 'pg_catalog' AND r.rolcanlogin
        AND (has_schema_privilege(r.oid, n.oid, 'CREATE') OR pg_has_role(r.oid, n.nspowner, 'MEMBER'))
      OFFSET 0) AS may
CROSS JOIN LATERAL (SELECT {unsafe} AS unsafe) AS lesser
WHERE lesser.unsafe <> ARRAY[]::text[]
ORDER BY may.nspname, may.rolname;

-- name: owners
-- Of a table and of each below it. roles: what the session may be and the owner may not.
SELECT c.oid::int8 AS oid, c.oid::regclass::text AS object, pg_get_userbyid(c.relowner)::text AS owner,
       (SELECT o.rolcanlogin FROM pg_roles o WHERE o.oid = c.relowner) AS can_login, session_user::text AS session,
       {unsafe} AS unsafe, {roles} AS roles
FROM pg_class c
WHERE c.oid IN {tree}
ORDER BY c.oid <> to_regclass(%(table)s), 1;

-- name: out_of_reach
-- Of a table and of the function that captures its writes, what belongs to a role that the one at work may not act as.
SELECT 'table', c.oid::regclass::text, pg_get_userbyid(c.relowner)::text, current_user::text
FROM pg_class c WHERE c.oid = to_regclass(%(table)s) AND NOT pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT 'function', p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, current_user::text
FROM pg_proc p WHERE p.oid = to_regprocedure(%(function)s) AND NOT pg_has_role(p.proowner, 'USAGE');

-- name: expressions
-- PostgreSQL keeps what a view depends on. Nothing is evaluated.
CREATE TEMPORARY VIEW migrator_given AS SELECT {expressions} FROM {table};

-- name: roots_of_expressions
SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r WHERE r.ev_class = 'pg_temp.migrator_given'::regclass

-- name: roots_of_table
-- What PostgreSQL evaluates or fires by itself when rows of the tables are read, updated, checked or indexed, or a
-- dependent of theirs is made again.
SELECT 'pg_class'::regclass, t.oid FROM unnest(%(tables)s::oid[]) AS t (oid)
UNION ALL SELECT 'pg_class'::regclass, indexrelid FROM pg_index WHERE indrelid = ANY (%(tables)s::oid[])
UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = ANY (%(tables)s::oid[])
UNION ALL SELECT 'pg_policy'::regclass, oid FROM pg_policy WHERE polrelid = ANY (%(tables)s::oid[])
UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_class = ANY (%(tables)s::oid[])
UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxrelid = ANY (%(tables)s::oid[])
UNION ALL
SELECT 'pg_attrdef'::regclass, f.oid
FROM pg_attrdef f JOIN pg_attribute a ON (a.attrelid, a.attnum) = (f.adrelid, f.adnum) JOIN pg_type t ON t.oid = a.atttypid
WHERE f.adrelid = ANY (%(tables)s::oid[]) AND (a.attgenerated <> '' OR t.typname IN ('vector', 'halfvec'))
UNION ALL
SELECT 'pg_trigger'::regclass, oid FROM pg_trigger
WHERE tgrelid = ANY (%(tables)s::oid[]) AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 16 <> 0
UNION ALL
SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger WHERE evtenabled <> 'D'
UNION ALL
-- Conditions of other tables' policies, and queries of materialized views that are refreshed with this session's rights.
SELECT d.classid, d.objid
FROM pg_depend d LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_class m ON m.oid = r.ev_class AND m.relkind = 'm'
WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%(tables)s::oid[])
  AND (d.classid = 'pg_policy'::regclass OR pg_has_role(m.relowner, session_user, 'MEMBER'))

-- name: other_functions
-- Whether a role that is neither this session nor an owner of the tables has any function here. It is asked first: to
-- plan the next query takes milliseconds. pg_shdepend would say it sooner, and knows nothing of what PostgreSQL's own
-- roles have, such as pg_database_owner.
SELECT EXISTS (
  SELECT FROM (SELECT DISTINCT proowner FROM pg_proc) AS p
  WHERE NOT pg_has_role(p.proowner, session_user, 'MEMBER')
    AND p.proowner <> ALL (SELECT relowner FROM pg_class WHERE oid = ANY (%(tables)s::oid[])));

-- name: functions
-- Those that `roots` call, and those that these call in turn, of owners that are neither this session nor an owner of
-- the tables. In a body that is a text, names are read that stand before a parenthesis.
SELECT p.oid::regprocedure::text AS object, pg_get_userbyid(p.proowner)::text AS owner, session_user::text AS session,
       {unsafe} AS unsafe, {roles} AS roles
FROM (WITH RECURSIVE walk (classid, objid) AS (
        SELECT * FROM ({roots}) AS roots (classid, objid)
        UNION
        SELECT next.classid, next.objid
        FROM walk w CROSS JOIN LATERAL (
          SELECT d.refclassid, d.refobjid FROM pg_depend d
          WHERE d.classid = w.classid AND d.objid = w.objid
            AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
          UNION ALL
          SELECT 'pg_rewrite'::regclass, r.oid
          FROM pg_depend d JOIN pg_class v ON v.oid = d.refobjid AND v.relkind = 'v' JOIN pg_rewrite r ON r.ev_class = v.oid
          WHERE d.classid = w.classid AND d.objid = w.objid AND d.refclassid = 'pg_class'::regclass
          UNION ALL
          SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k
          WHERE w.classid = 'pg_type'::regclass AND k.contypid = w.objid
          UNION ALL
          SELECT 'pg_class'::regclass, t.typrelid FROM pg_type t
          WHERE w.classid = 'pg_type'::regclass AND t.oid = w.objid AND t.typrelid <> 0
          UNION ALL
          SELECT 'pg_proc'::regclass, named.oid
          FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang CROSS JOIN LATERAL {named} AS named
          WHERE w.classid = 'pg_proc'::regclass AND p.oid = w.objid
        ) AS next (classid, objid))
      SELECT * FROM walk) AS w JOIN pg_proc p ON w.classid = 'pg_proc'::regclass AND p.oid = w.objid
WHERE NOT pg_has_role(p.proowner, session_user, 'MEMBER')
  AND p.proowner <> ALL (SELECT relowner FROM pg_class WHERE oid = ANY (%(tables)s::oid[]))
ORDER BY 1;

-- name: ledger
-- The schema that the ledger is in, or would be. taken: by tables of somebody else's. owned: by the role at work.
-- readable: the role at work may read what its owner may. others: the session is not the owner's own.
SELECT l.oid IS NOT NULL AS installed,
       l.oid IS NULL AND EXISTS (SELECT FROM pg_class t WHERE t.relnamespace = n.oid) AS taken,
       pg_get_userbyid(n.nspowner)::text AS owner, coalesce(o.rolcanlogin, true) AS can_login,
       current_user::text AS role, session_user::text AS session,
       coalesce(o.rolname = current_user, true) AS owned,
       coalesce(pg_has_role(n.nspowner, 'USAGE'), true) AS readable,
       CASE WHEN n.oid IS NULL THEN ARRAY[]::text[] ELSE {unsafe} END AS unsafe,
       n.oid IS NOT NULL AND o.rolname IS DISTINCT FROM session_user AS others
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = 'migrator'
LEFT JOIN pg_roles o ON o.oid = n.nspowner
LEFT JOIN pg_class l ON l.relnamespace = n.oid AND l.relname = 'ledger_version';

-- name: strange
-- What is in that schema and migrator did not make, of relations, or of a kind that runs code when they are read or
-- written. Keys in backups are of the user's types, which is why only the ledger's own tables are asked for theirs.
SELECT DISTINCT pg_describe_object(found.classid, found.objid, 0) || found.why
FROM pg_namespace n CROSS JOIN LATERAL (
       SELECT c.oid, c.relname, c.relkind, c.relowner, c.relrowsecurity, c.reloftype,
             c.relname !~ '^(backup|rollback|store)_' AS deep
      FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind NOT IN ('i', 'S')
      UNION ALL
      SELECT c.oid, c.relname, c.relkind, c.relowner, false, 0, true
      FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('i', 'S')) AS c
CROSS JOIN LATERAL (
  SELECT 'pg_class'::regclass, c.oid, format(' of "%%s"', pg_get_userbyid(c.relowner))
  WHERE c.relowner <> n.nspowner
  UNION ALL
  SELECT 'pg_class'::regclass, c.oid, ''
  WHERE c.relkind NOT IN ('r', 'i', 'S') AND NOT (c.relkind = 'v' AND c.relname = 'registry') OR c.reloftype <> 0
  UNION ALL
  SELECT 'pg_trigger'::regclass, t.oid, '' FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT 'pg_policy'::regclass, p.oid, '' FROM pg_policy p WHERE p.polrelid = c.oid
  UNION ALL
  SELECT 'pg_rewrite'::regclass, r.oid, '' FROM pg_rewrite r WHERE r.ev_class = c.oid AND c.relkind <> 'v'
  UNION ALL
  SELECT 'pg_class'::regclass, c.oid, ' with row-level security' WHERE c.relrowsecurity
  UNION ALL
  SELECT 'pg_class'::regclass, c.oid, ' with inheritance'
  WHERE EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
  UNION ALL
  -- PostgreSQL's own functions and types it does not write down.
  SELECT d.classid, d.objid, format(' with %%s', pg_describe_object(d.refclassid, d.refobjid, 0))
  FROM pg_depend d
  WHERE c.deep AND c.relkind <> 'v'
    AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
    AND (d.classid = 'pg_class'::regclass AND d.objid = c.oid
         OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = c.oid)
         OR d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = c.oid))
) AS found (classid, objid, why)
WHERE n.nspname = 'migrator'
ORDER BY 1;
