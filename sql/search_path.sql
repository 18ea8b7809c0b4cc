-- Names in text and scope, which the search path finds once, before anything is changed.

-- name: writable
-- Schemas of the path in which a role may create that may neither act as the one at work, nor as the table's owner, and is
-- no superuser; and by what it may: PUBLIC, or a role that it is or may act as. An owner may always give itself the right.
SELECT n.nspname::text AS schema, array_agg(DISTINCT CASE g.role
         WHEN 0 THEN 'PUBLIC'
         WHEN 'pg_database_owner'::regrole
         THEN (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database())
         ELSE pg_get_userbyid(g.role)::text END) AS roles
FROM unnest(current_schemas(false)) AS p (schema) JOIN pg_namespace n ON n.nspname = p.schema
CROSS JOIN LATERAL (
  SELECT n.nspowner UNION SELECT x.grantee FROM aclexplode(n.nspacl) x WHERE x.privilege_type = 'CREATE') AS g (role)
WHERE n.oid <> pg_my_temp_schema()
  AND (g.role = 0 OR EXISTS (
    SELECT FROM pg_roles r
    WHERE NOT r.rolsuper AND r.oid >= 16384 AND pg_has_role(r.oid, g.role, 'MEMBER')
      AND NOT pg_has_role(r.oid, current_user, 'MEMBER') AND NOT pg_has_role(r.oid, %(owner)s::name, 'MEMBER')))
GROUP BY 1 ORDER BY 1;

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
