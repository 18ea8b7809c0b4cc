-- What migrator makes is its owner's alone. Default privileges may have given it to others, PUBLIC or a role.

-- name: table_to_owner
DO $$
DECLARE role_ text;
BEGIN
    FOR role_ IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = {object}::regclass AND x.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON ' || {object} || ' FROM ' || role_;
    END LOOP;
END $$;

-- name: function_to_owner
DO $$
DECLARE statement_ text;
BEGIN
    FOR statement_ IN
        SELECT DISTINCT 'REVOKE ALL ON FUNCTION ' || p.oid::regprocedure || ' FROM '
               || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
        WHERE p.oid = {object}::regproc AND x.grantee <> p.proowner
    LOOP
        EXECUTE statement_;
    END LOOP;
END $$;

-- name: schema_to_owner
-- The schema itself, its tables, views and sequences.
DO $$
DECLARE statement_ text;
BEGIN
    FOR statement_ IN
        SELECT 'REVOKE ALL ON ' || kind || ' ' || made || ' FROM '
               || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
        FROM (SELECT 'SCHEMA' AS kind, oid::regnamespace::text AS made, nspowner AS owner, nspacl AS acl
              FROM pg_namespace WHERE oid = {object}::regnamespace
              UNION ALL
              SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, relowner, relacl
              FROM pg_class WHERE relnamespace = {object}::regnamespace AND relkind IN ('r', 'v', 'S')) AS found,
             aclexplode(acl) x
        WHERE x.grantee <> owner
    LOOP
        EXECUTE statement_;
    END LOOP;
END $$;
