-- Functions that text and scope call.

-- name: view
-- PostgreSQL keeps what a view depends on.
CREATE TEMPORARY VIEW migrator_called AS SELECT {text} AS text_, {old_text} AS old_text_, {scope} AS scope_ FROM {table};

-- name: names
-- With the types of their arguments. An aggregate has no definition to be had.
SELECT DISTINCT p.oid::regprocedure::text
FROM pg_rewrite r
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
JOIN pg_proc p ON p.oid = d.refobjid
WHERE r.ev_class = 'pg_temp.migrator_called'::regclass AND p.prokind <> 'a' ORDER BY 1;

-- name: definitions
-- NULL where there is none any more.
SELECT f.called AS name,
       encode(sha256(convert_to(pg_get_functiondef(to_regprocedure(f.called)), 'UTF8')), 'hex') AS definition
FROM unnest(%(functions)s::text[]) WITH ORDINALITY AS f (called, place) ORDER BY f.place;
