-- Names in text and scope, which the search path finds once, before anything is changed.

-- name: open
-- Schemas in which a role may create that may neither act as the one at work, nor as one of `owners`, and is no
-- superuser; and by what it may: PUBLIC, or a role that it is or may act as. An owner may always give itself the right. Or
-- in which such a role has, from before, what is called like a function or operator of PostgreSQL's own, and may be taken
-- for it.
SELECT n.nspname::text AS schema, array_agg(DISTINCT CASE g.role
         WHEN 0 THEN 'PUBLIC'
         WHEN 'pg_database_owner'::regrole
         THEN (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database())
         ELSE pg_get_userbyid(g.role)::text END) AS roles
FROM pg_namespace n
CROSS JOIN LATERAL (
  SELECT n.nspowner
  UNION SELECT x.grantee FROM aclexplode(n.nspacl) x WHERE x.privilege_type = 'CREATE'
  UNION SELECT p.proowner FROM pg_proc p JOIN pg_proc own ON own.proname = p.proname
  WHERE p.pronamespace = n.oid AND own.pronamespace = 'pg_catalog'::regnamespace
  UNION SELECT o.oprowner FROM pg_operator o JOIN pg_operator own ON own.oprname = o.oprname
  WHERE o.oprnamespace = n.oid AND own.oprnamespace = 'pg_catalog'::regnamespace) AS g (role)
WHERE n.nspname = ANY (%(schemas)s::name[]) AND n.oid <> 'pg_catalog'::regnamespace AND n.oid <> pg_my_temp_schema()
  AND (g.role = 0 OR EXISTS (
    SELECT FROM pg_roles r
    WHERE NOT r.rolsuper AND r.oid >= 16384 AND pg_has_role(r.oid, g.role, 'MEMBER')
      AND NOT pg_has_role(r.oid, current_user, 'MEMBER')
      AND NOT EXISTS (SELECT FROM ({owners}) AS o (owner) WHERE pg_has_role(r.oid, o.owner, 'MEMBER'))))
GROUP BY 1 ORDER BY 1;

-- name: owner
SELECT oid FROM pg_roles WHERE rolname = %(owner)s

-- name: own_owners
-- Of tables with vectors, where the session may act as that owner.
SELECT DISTINCT c.relowner
FROM pg_type t JOIN pg_attribute a ON a.atttypid = t.oid JOIN pg_class c ON c.oid = a.attrelid
WHERE t.typname IN ('vector', 'halfvec') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER')

-- name: view
-- PostgreSQL keeps the parsed tree of a view.
CREATE TEMPORARY VIEW {view} AS SELECT {value} AS migrator_value FROM {table};

-- name: definition
SELECT pg_get_viewdef({view}::regclass);

-- name: operators
-- Each as often as it is there.
SELECT coalesce(array_agg(o.oid::regoperator::text), ARRAY[]::text[])
FROM pg_rewrite r
CROSS JOIN LATERAL regexp_matches(r.ev_action::text, ':opnos? (?:\(o )?(\d+(?: \d+)*)', 'g') AS f (numbers)
CROSS JOIN LATERAL regexp_split_to_table(f.numbers[1], ' ') AS n (number)
JOIN pg_operator o ON o.oid = n.number::oid
WHERE r.ev_class = {view}::regclass;

-- name: operators_of_default
SELECT coalesce(array_agg(o.oid::regoperator::text), ARRAY[]::text[])
FROM pg_attrdef d
CROSS JOIN LATERAL regexp_matches(d.adbin::text, ':opnos? (?:\(o )?(\d+(?: \d+)*)', 'g') AS f (numbers)
CROSS JOIN LATERAL regexp_split_to_table(f.numbers[1], ' ') AS n (number)
JOIN pg_operator o ON o.oid = n.number::oid
WHERE d.adrelid = %(table)s::oid AND d.adnum = %(column)s;

-- name: values
SELECT array_agg(migrator_value) FROM (SELECT {value} AS migrator_value FROM {table} LIMIT %(limit)s) AS migrator_rows;
