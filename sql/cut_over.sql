-- The one transaction in which shadow becomes live, and what follows it.

-- name: has_column
SELECT EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = %(table)s::oid AND attname = %(column)s AND NOT attisdropped);

-- name: lock
LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;

-- name: versions
-- The versions of all rows of the system's catalogs that say something of the table: equal, nothing was changed.
-- But for views, which cut-over drops itself; whether one reads the column is told beside it.
SELECT (SELECT md5(string_agg(version, ' ' ORDER BY version)) FROM (
          SELECT 'class ' || ctid || xmin AS version FROM pg_class WHERE oid = %(table)s::oid
          UNION ALL SELECT 'attribute ' || ctid || xmin FROM pg_attribute WHERE attrelid = %(table)s::oid
          UNION ALL SELECT 'default ' || ctid || xmin FROM pg_attrdef WHERE adrelid = %(table)s::oid
          UNION ALL SELECT 'index ' || i.ctid || i.xmin || c.ctid || c.xmin
                    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %(table)s::oid
          UNION ALL SELECT 'trigger ' || ctid || xmin FROM pg_trigger WHERE tgrelid = %(table)s::oid
          UNION ALL SELECT 'constraint ' || ctid || xmin FROM pg_constraint WHERE conrelid = %(table)s::oid
          UNION ALL SELECT 'description ' || ctid || xmin FROM pg_description
                    WHERE classoid = 'pg_class'::regclass AND objoid = %(table)s::oid
          UNION ALL SELECT 'depend ' || ctid || xmin FROM pg_depend
                    WHERE refclassid = 'pg_class'::regclass AND refobjid = %(table)s::oid
                      AND classid <> 'pg_rewrite'::regclass) AS versions),
       EXISTS (SELECT FROM pg_depend
               WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass
                 AND refobjid = %(table)s::oid AND refobjsubid = %(column)s);

-- name: left_index
-- On the rows without a vector, so that what is left is counted under the lock in no time. IS TRUE keeps the planner
-- from dropping a part of the condition that NOT NULL makes needless, and with it the match of index and query.
CREATE INDEX CONCURRENTLY {index} ON {table} ((true)) WHERE {shadow} IS NULL AND {due} IS TRUE;

-- name: left
SELECT count(*) FROM (SELECT FROM {table} WHERE {shadow} IS NULL AND {due} IS TRUE AND {pending} LIMIT %(limit)s) AS rows_left;

-- name: drop_index
DROP INDEX IF EXISTS {index};

-- name: rename_column
ALTER TABLE {table} RENAME COLUMN {old} TO {new};

-- name: drop_column
ALTER TABLE {table} DROP COLUMN IF EXISTS {column};

-- name: drop_not_null
ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;

-- name: set_default
ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default};

-- name: set_statistics
ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target};

-- name: set_options
ALTER TABLE {table} ALTER COLUMN {column} SET ({options});

-- name: set_storage
ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE {storage};

-- name: comment_on_column
COMMENT ON COLUMN {table}.{column} IS {comment};

-- name: drop_view
DROP VIEW {view};

-- name: create_view
CREATE VIEW {view} {options} AS {definition};

-- name: own_view
ALTER VIEW {view} OWNER TO {owner};

-- name: comment_on_view
COMMENT ON VIEW {view} IS {comment};

-- name: revoke_owner
-- What the owner has of his view is granted again with the rest.
REVOKE ALL ON {view} FROM {owner};

-- name: set_role
SET LOCAL ROLE {role};

-- name: reset_role
-- Back to the role that migrator works as.
SET LOCAL ROLE {role};

-- name: grant
GRANT {privilege} ON {object} TO {grantee} {option};

-- name: add_check
ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID;

-- name: validate
ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};

-- name: set_not_null
ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;

-- name: drop_constraint
ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint};

-- name: rename_constraint
ALTER TABLE {table} RENAME CONSTRAINT {constraint} TO {new};

-- name: not_null_name
SELECT a.attnotnull, (SELECT k.conname::text FROM pg_constraint k
                      WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum])
FROM pg_attribute a WHERE a.attrelid = %(table)s::oid AND a.attname = %(column)s;

-- name: nulls
SELECT count(*) FROM {table} WHERE {column} IS NULL;
