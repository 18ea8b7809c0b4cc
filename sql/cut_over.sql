-- The one transaction in which shadow becomes live, and what follows it.

-- name: table_now
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %(table)s::oid;

-- name: has_column
SELECT EXISTS (SELECT FROM pg_attribute
               WHERE attrelid = %(table)s::oid AND attname = %(column)s AND NOT attisdropped);

-- name: lock
LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;

-- name: versions
-- The versions of all rows of the system's catalogs that say something of the table, or of a partition: equal, nothing
-- was changed.
-- But for views and functions, which cut-over drops or empties first; whether one reads the column is told beside it.
SELECT (SELECT md5(string_agg(version, ' ' ORDER BY version)) FROM (
          SELECT 'class ' || ctid || xmin AS version FROM pg_class WHERE oid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'attribute ' || ctid || xmin FROM pg_attribute WHERE attrelid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'default ' || ctid || xmin FROM pg_attrdef WHERE adrelid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'index ' || i.ctid || i.xmin || c.ctid || c.xmin
                    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'trigger ' || ctid || xmin FROM pg_trigger WHERE tgrelid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'constraint ' || ctid || xmin FROM pg_constraint WHERE conrelid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'description ' || ctid || xmin FROM pg_description
                    WHERE classoid = 'pg_class'::regclass AND objoid = ANY (%(tables)s::oid[])
          UNION ALL SELECT 'depend ' || ctid || xmin FROM pg_depend
                    WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY (%(tables)s::oid[])
                      AND classid NOT IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
          -- One of all tables says nothing of each.
          UNION ALL SELECT 'publication ' || ctid || xmin FROM pg_publication
          UNION ALL SELECT 'published ' || ctid || xmin FROM pg_publication_rel WHERE prrelid = ANY (%(tables)s::oid[])
          -- What reads the column, with its comment: constraints, triggers, policies, statistics.
          UNION ALL SELECT 'dependent ' || concat_ws(' ', p.ctid, p.xmin, s.ctid, s.xmin, t.ctid, t.xmin)
                    FROM pg_depend d
                    LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
                    LEFT JOIN pg_statistic_ext s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid
                    LEFT JOIN pg_description t ON t.classoid = d.classid AND t.objoid = d.objid
                    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%(tables)s::oid[])
                      AND d.refobjsubid = (SELECT attnum FROM pg_attribute
                                           WHERE attrelid = d.refobjid AND attname = %(column)s)
                      AND d.classid NOT IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)) AS versions),
       EXISTS (SELECT FROM pg_depend
               WHERE classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass) AND refclassid = 'pg_class'::regclass
                 AND refobjid = ANY (%(tables)s::oid[])
                 AND refobjsubid = (SELECT attnum FROM pg_attribute WHERE attrelid = refobjid AND attname = %(column)s));

-- name: left_index
-- On the rows without a vector, so that those left are found at once. Nothing in it can raise an error.
CREATE INDEX CONCURRENTLY {index} ON {table} ((true)) WHERE {shadow} IS NULL;

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

-- name: reset_options
ALTER TABLE {table} ALTER COLUMN {column} RESET ({options});

-- name: set_storage
ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE {storage};

-- name: comment_on_column
COMMENT ON COLUMN {table}.{column} IS {comment};

-- name: drop_views
-- In one statement, for rules of one may name another.
DROP VIEW {views};

-- name: create_view
CREATE VIEW {view} {options} AS {definition};

-- name: view_default
ALTER VIEW {view} ALTER COLUMN {column} SET DEFAULT {default};

-- name: own_view
ALTER VIEW {view} OWNER TO {owner};

-- name: comment_on_view
COMMENT ON VIEW {view} IS {comment};

-- name: revoke_owner
-- What the owner may do with the view is granted again with the rest.
REVOKE ALL ON {view} FROM {owner};

-- name: set_role
SET LOCAL ROLE {role};

-- name: grant
GRANT {privilege} ON {object} TO {grantee} {option};

-- name: revoke
REVOKE {privilege} ({column}) ON {table} FROM {grantee} CASCADE;

-- name: add_check
ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID;

-- name: validate
ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};

-- name: set_not_null
ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;

-- name: drop_constraint
ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint};

-- name: add_not_null
-- From PostgreSQL 18 on NOT NULL has a name, which stays what it was. Given at once, for where a partition has one of its
-- own the table's cannot be renamed.
ALTER TABLE {table} ADD CONSTRAINT {constraint} NOT NULL {column};

-- name: is_not_null
SELECT attnotnull FROM pg_attribute WHERE attrelid = {table}::regclass AND attname = {column} AND NOT attisdropped;

-- name: nulls
SELECT count(*) FROM {table} WHERE {column} IS NULL;

-- name: nulls_not_due
-- Of these, the rows that no model is asked for, as far as that can be evaluated.
SELECT count(*) FROM {table} WHERE {column} IS NULL AND {due} IS NOT TRUE AND {readable};
