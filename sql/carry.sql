-- Dropping what hangs on a column, and making it again on the column that took its name.

-- name: add_check
ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({expression}) {options};

-- name: comment_on_constraint
COMMENT ON CONSTRAINT {constraint} ON {table} IS {comment};

-- name: violations
-- Rows that would not pass a CHECK with new vectors under the live columns' names; those not filled yet left out.
SELECT count(*) FROM (SELECT {columns}, ({waiting}) AS migrator_waiting FROM {table}) AS {called}
WHERE NOT ({condition}) AND migrator_waiting IS NOT TRUE;

-- name: allows
-- Of some rows, or one of NULLs where there are none: whether the condition may hold with the new dimensions put in, and
-- whether for one of them it may with the old ones alone.
SELECT bool_or({after} IS NOT FALSE), bool_or({before} IS NOT FALSE AND {after} IS FALSE)
FROM (SELECT) AS migrator_one
LEFT JOIN (SELECT * FROM {table} WHERE {scope} LIMIT %(limit)s) AS {called} ON true {old};

-- name: allows_vectors
-- The same of a CHECK, with vectors of the old and of the new length put in for those that the rows have.
SELECT bool_or(migrator_new.migrator_holds),
       bool_or(migrator_old.migrator_holds AND NOT migrator_new.migrator_holds)
FROM (SELECT) AS migrator_one
LEFT JOIN (SELECT * FROM {table} WHERE {scope} LIMIT %(limit)s) AS {called} ON true
CROSS JOIN LATERAL (SELECT {before} IS NOT FALSE AS migrator_holds FROM (SELECT {old}) AS {called}) AS migrator_old
CROSS JOIN LATERAL (SELECT {after} IS NOT FALSE AS migrator_holds FROM (SELECT {new}) AS {called}) AS migrator_new;

-- name: vector
-- All its elements are equal, and its length is 1.
array_fill((1 / sqrt({dimensions}))::real, ARRAY[{dimensions}])::{type}({dimensions})

-- name: old_row
-- What a trigger knows as the old row: NULLs.
LEFT JOIN (SELECT * FROM {table} LIMIT 0) AS old ON true

-- name: drop_policy
DROP POLICY {policy} ON {table};

-- name: create_policy
CREATE POLICY {policy} ON {table} AS {kind} FOR {command} TO {roles} {using} {with_check};

-- name: comment_on_policy
COMMENT ON POLICY {policy} ON {table} IS {comment};

-- name: drop_trigger
DROP TRIGGER {trigger} ON {table};

-- name: enable_trigger
ALTER TABLE {table} {state} TRIGGER {trigger};

-- name: comment_on_trigger
COMMENT ON TRIGGER {trigger} ON {table} IS {comment};

-- name: comment_on_rule
COMMENT ON RULE {rule} ON {table} IS {comment};

-- name: drop_statistics
DROP STATISTICS {statistics};

-- name: own_statistics
ALTER STATISTICS {statistics} OWNER TO {owner};

-- name: statistics_target
ALTER STATISTICS {statistics} SET STATISTICS {target};

-- name: comment_on_statistics
COMMENT ON STATISTICS {statistics} IS {comment};

-- name: publication_drop
ALTER PUBLICATION {publication} DROP TABLE {table};

-- name: publication_add
ALTER PUBLICATION {publication} ADD TABLE {table} ({columns}) {filter};

-- name: unbind_function
-- An empty body, until the names are swapped: the function reads nothing meanwhile, and stays what it is for others.
{header} AS '';

-- name: compile_anew
-- A session keeps what it compiled with the old column's type and number until the function's row in the catalog is
-- another; what is set here was so before.
DO {body};

-- name: altering
-- Its body.
DECLARE function_ record;
BEGIN
    FOR function_ IN
        SELECT p.oid::regprocedure::text AS name_, CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END AS security_
        FROM unnest(ARRAY[{functions}]) AS f (called) JOIN pg_proc p ON p.oid = to_regprocedure(f.called)
        WHERE pg_has_role(p.proowner, 'USAGE')
    LOOP
        EXECUTE 'ALTER ROUTINE ' || function_.name_ || ' SECURITY ' || function_.security_;
    END LOOP;
END

-- name: function_versions
-- The versions of these functions in the system's catalog: equal, none was changed or dropped.
SELECT md5(string_agg(concat_ws(' ', f.called, p.ctid, p.xmin), ',' ORDER BY f.called))
FROM unnest(%(functions)s::text[]) AS f (called)
LEFT JOIN pg_proc p ON p.oid = to_regprocedure(f.called);

-- name: drop_routine
DROP ROUTINE IF EXISTS {routine};
