-- What hangs on a column besides its indexes and views, and can be made again on another column of that name: reads only.
-- Definitions name every schema, for they are read with an empty search path.

-- name: checks
SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0) AS described, k.conname::text AS name,
       ARRAY[pg_get_expr(k.conbin, k.conrelid)] AS expressions, k.connoinherit AS no_inherit, k.convalidated AS validated,
       -- From PostgreSQL 18 on.
       coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
       obj_description(k.oid, 'pg_constraint') AS comment
FROM pg_constraint k
WHERE k.conrelid = %(table)s::oid AND k.contype = 'c'
  AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s)
ORDER BY k.conname;

-- name: policies
-- Those of other tables too, where a sub-select reads the column. A role of NULL is PUBLIC.
SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0) AS described, n.nspname::text AS schema, c.relname::text AS table,
       p.polname::text AS name, p.polpermissive AS permissive, p.polcmd::text AS command,
       ARRAY(SELECT CASE WHEN r.role <> 0 THEN pg_get_userbyid(r.role)::text END
             FROM unnest(p.polroles) WITH ORDINALITY AS r (role, n) ORDER BY r.n) AS roles,
       ARRAY[pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)] AS expressions,
       pg_get_userbyid(c.relowner)::text AS owner, obj_description(p.oid, 'pg_policy') AS comment
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s)
ORDER BY 2, 3, 4;

-- name: triggers
-- UPDATE OF the column, or with a WHEN that reads it.
SELECT pg_describe_object('pg_trigger'::regclass, t.oid, 0) AS described, t.tgname::text AS name,
       ARRAY[pg_get_triggerdef(t.oid)] AS expressions, t.tgenabled::text AS enabled, obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_trigger t
WHERE t.tgrelid = %(table)s::oid AND NOT t.tgisinternal
  AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s)
ORDER BY t.tgname;

-- name: statistics
SELECT pg_describe_object('pg_statistic_ext'::regclass, s.oid, 0) AS described, n.nspname::text AS schema,
       s.stxname::text AS name, pg_get_statisticsobjdef(s.oid) AS definition, pg_get_userbyid(s.stxowner)::text AS owner,
       coalesce(s.stxstattarget, -1)::int AS target, obj_description(s.oid, 'pg_statistic_ext') AS comment
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s)
ORDER BY 2, 3;

-- name: publications
-- Publications of the table with a list of columns, which PostgreSQL knows from version 15 on. The shadow column is in
-- none of them. reads: the list or the filter of rows names the column.
SELECT pg_describe_object('pg_publication_rel'::regclass, r.oid, 0) AS described, p.pubname::text AS name,
       to_jsonb(v) ->> 'rowfilter' AS filter,
       ARRAY(SELECT jsonb_array_elements_text(to_jsonb(v) -> 'attnames')) AS columns,
       p.pubupdate AS updates, pg_get_userbyid(p.pubowner)::text AS owner, obj_description(p.oid, 'pg_publication') AS comment,
       EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid
               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s) AS reads
FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid
JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_publication_tables v ON v.pubname = p.pubname AND v.schemaname = n.nspname AND v.tablename = c.relname
WHERE r.prrelid = %(table)s::oid AND to_jsonb(r) ->> 'prattrs' IS NOT NULL
ORDER BY p.pubname;

-- name: replica_identity
-- Whether published updates of the table's rows can be told apart: by its primary key, an index, or the whole row.
SELECT CASE c.relreplident
         WHEN 'f' THEN true
         WHEN 'd' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
         WHEN 'i' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)
         ELSE false END
FROM pg_class c WHERE c.oid = %(table)s::oid;

-- name: planned_update
-- Refused as the update itself would be, where that cannot be published.
EXPLAIN UPDATE {table} SET {column} = {column};

-- name: functions
-- Functions whose body the server keeps parsed (BEGIN ATOMIC, RETURN), which reads the column or one of its views. Left
-- out is what gives the table's rows column by column, and what takes or gives the rows of such a view.
SELECT pg_describe_object('pg_proc'::regclass, p.oid, 0) AS described, p.oid::regprocedure::text AS name,
       pg_get_functiondef(p.oid) AS definition, pg_get_userbyid(p.proowner)::text AS owner,
       left(pg_get_functiondef(p.oid), -length(pg_get_function_sqlbody(p.oid)) - 1) AS header,
       obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p
WHERE p.prosqlbody IS NOT NULL AND p.prokind IN ('f', 'p')
  AND p.prorettype <> (SELECT reltype FROM pg_class WHERE oid = %(table)s::oid)
  AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
              AND d.refclassid = 'pg_class'::regclass
              AND (d.refobjid = %(table)s::oid AND d.refobjsubid = %(column)s OR d.refobjid = ANY (%(views)s::regclass[])))
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_type t ON t.oid = d.refobjid
                  LEFT JOIN pg_type e ON e.oid = t.typelem
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_type'::regclass
                    AND (t.typrelid = ANY (%(views)s::regclass[]) OR e.typrelid = ANY (%(views)s::regclass[])))
ORDER BY 2;

-- name: row_columns
-- Columns of tables that hold rows of this one, or of one below it, or arrays of them.
SELECT DISTINCT r.relname::text, pg_describe_object(d.classid, d.objid, d.objsubid)
FROM pg_depend d
JOIN pg_class r ON r.oid IN {tree} JOIN pg_type t ON t.oid = r.reltype
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
WHERE d.classid = 'pg_class'::regclass AND d.objsubid > 0
  AND d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
ORDER BY 1;

-- name: trigger_sources
-- Triggers that the application's writes fire, those that a partition has of its own among them: of which table, the
-- function's text, the transition tables, and the arguments in one line.
SELECT n.nspname::text, c.relname::text, t.tgname::text, p.prosrc,
       array_remove(ARRAY[t.tgoldtable, t.tgnewtable]::text[], NULL), replace(encode(t.tgargs, 'escape'), '\000', ' ')
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgrelid IN {tree} AND t.tgparentid = 0 AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
  AND t.tgname !~ '^~*migrator_'
ORDER BY 3, 1, 2;

-- name: vectors_elsewhere
-- Columns of other tables that take vectors of so many dimensions and no others; and whether a table's name alone means
-- that table where a trigger is on the one that changes: others of that name may be in schemas for other tenants. The
-- last is the type that takes vectors of any dimensions; NULL where an index, perhaps below the table, needs these.
SELECT n.nspname::text, c.relname::text, a.attname::text,
       c.relname <> own.relname AND (c.relnamespace = own.relnamespace OR pg_table_is_visible(c.oid)),
       CASE WHEN NOT EXISTS (SELECT FROM pg_depend d JOIN pg_index i ON i.indexrelid = d.objid
                             JOIN pg_attribute x ON x.attrelid = d.refobjid AND x.attnum = d.refobjsubid
                             WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                               AND d.refobjid IN {below} AND x.attname = a.attname)
            THEN format_type(t.oid, NULL) END
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class own ON own.oid = %(table)s::oid
WHERE t.typname IN ('vector', 'halfvec') AND a.atttypmod = %(dimensions)s AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p') AND n.nspname <> 'migrator' AND NOT starts_with(a.attname, 'migrator_')
  AND c.oid NOT IN {tree}
ORDER BY 1, 2, 3;

-- name: functions_by_name
-- Functions that find the column by its name when they run: their text names it and the table, or they take or give the
-- table's rows, as its triggers do; or all that of a partition.
SELECT p.oid::regprocedure::text
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
-- First without a join, so that the texts of PostgreSQL's own functions are not looked at.
WHERE p.pronamespace <> 'pg_catalog'::regnamespace
  AND n.nspname NOT IN ('information_schema', 'migrator') AND l.lanname NOT IN ('c', 'internal')
  AND p.prosqlbody IS NULL
  AND p.prosrc ~* ('\m' || regexp_replace(%(name)s::text, '(\W)', '\\\1', 'g') || '\M')
  AND (EXISTS (SELECT FROM pg_trigger t
               WHERE t.tgrelid IN {tree} AND t.tgfoid = p.oid AND NOT t.tgisinternal)
       OR EXISTS (SELECT FROM pg_class r JOIN pg_type t ON t.oid = r.reltype
                  WHERE r.oid IN {tree}
                    AND (p.prosrc ~* ('\m' || regexp_replace(r.relname, '(\W)', '\\\1', 'g') || '\M')
                         OR ARRAY[t.oid, t.typarray]
                            && (p.prorettype || p.proargtypes::oid[] || coalesce(p.proallargtypes, ARRAY[]::oid[])))))
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1;

-- name: function_texts
-- owned: this role may change it. other: another vector column of as many dimensions that the text names. Views that
-- read the column give it by its own name, and are carried over. typed: what lets the vector of a row that the function
-- takes or gives have any dimensions, where its type says them; it is no type of the table's own rows.
SELECT given.name, pg_get_functiondef(p.oid) AS definition, pg_has_role(p.proowner, 'USAGE') AS owned,
       (SELECT min(format('%%I.%%I.%%I', n.nspname, c.relname, a.attname))
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_type t ON t.oid = a.atttypid
         WHERE t.typname IN ('vector', 'halfvec') AND a.atttypmod = %(dimensions)s
           AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')
           AND NOT (a.attname = %(column)s::name AND (c.oid = %(table)s::oid OR c.oid = ANY (%(views)s::regclass[])))
           AND p.prosrc ~* ('\m' || regexp_replace(c.relname, '(\W)', '\\\1', 'g') || '\M')
           AND p.prosrc ~* ('\m' || regexp_replace(a.attname, '(\W)', '\\\1', 'g') || '\M')) AS other,
       (SELECT min(format(CASE c.relkind WHEN 'c' THEN 'ALTER TYPE %%I.%%I ALTER ATTRIBUTE %%I TYPE %%s'
                          ELSE 'ALTER TABLE %%I.%%I ALTER COLUMN %%I TYPE %%s' END,
                          n.nspname, c.relname, a.attname, format_type(t.oid, NULL)))
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type r ON r.oid = c.reltype
         JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
         WHERE c.relkind IN ('c', 'r') AND NOT c.relispartition AND c.oid <> %(table)s::oid AND NOT a.attisdropped
           AND t.typname IN ('vector', 'halfvec') AND a.atttypmod = %(dimensions)s
           AND ARRAY[r.oid, r.typarray]
               && (p.prorettype || p.proargtypes::oid[] || coalesce(p.proallargtypes, ARRAY[]::oid[]))) AS typed
FROM unnest(%(functions)s::text[]) WITH ORDINALITY AS given (name, place)
JOIN pg_proc p ON p.oid = to_regprocedure(given.name) ORDER BY given.place;

-- name: functions_made
-- By this very transaction.
SELECT oid::regprocedure::text FROM pg_proc WHERE xmin = pg_current_xact_id()::xid ORDER BY 1;

-- name: function_definition
SELECT pg_get_functiondef(to_regprocedure(%(name)s::text));

-- name: unproved_checks
-- CHECKs that hold for new versions of rows, and perhaps not for the rows there are.
SELECT k.conname::text, pg_get_expr(k.conbin, k.conrelid)
FROM pg_constraint k
WHERE k.conrelid = %(table)s::oid AND k.contype = 'c' AND NOT k.convalidated
  AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
ORDER BY 1;

-- name: violating
SELECT count(*) FROM {table} WHERE NOT ({condition});
