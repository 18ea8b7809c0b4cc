-- Rows that fill their page, so that no further column fits.

-- name: at_risk
-- Tables below the topmost one, itself among them, of which a row may have no room left, going by what cannot leave its
-- page: an upper bound. columns: all that are stored; size: of what of a row stays in its page, as an expression; plain:
-- columns that may be long and stay. A pointer to a value elsewhere takes 18 bytes, and each value may be padded by 7.
SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, found.columns, found.size, found.plain
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns,
         string_agg(format(CASE WHEN a.attstorage = 'p' THEN 'coalesce(pg_catalog.pg_column_size(%%I), 0)'
                                ELSE 'least(coalesce(pg_catalog.pg_column_size(%%I), 0), 18)' END, a.attname), ' + ') AS size,
         coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attlen = -1 AND a.attstorage = 'p'), '{{}}') AS plain,
         24 + count(*) / 8 + sum(7 + CASE
           WHEN a.attlen > 0 THEN a.attlen WHEN a.attstorage <> 'p' THEN 18
           WHEN t.typname IN ('vector', 'halfvec') AND a.atttypmod > 0 THEN 8 + 4 * a.atttypmod
           ELSE 8160 END) AS most
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v') AS found
WHERE c.oid IN {tree} AND c.relkind = 'r' AND found.most + %(width)s > 8160
ORDER BY 2, 3;

-- name: copy
-- Columns alone: no CHECK, no default and no generation expression is evaluated.
CREATE TEMPORARY TABLE migrator_try_size (LIKE {table} INCLUDING STORAGE INCLUDING COMPRESSION);

-- name: copy_largest
INSERT INTO pg_temp.migrator_try_size ({columns})
SELECT {columns} FROM ONLY {table} ORDER BY {size} DESC LIMIT %(limit)s;

-- name: add_column
ALTER TABLE pg_temp.migrator_try_size ADD COLUMN {shadow} {type};

-- name: set_storage
ALTER TABLE pg_temp.migrator_try_size ALTER COLUMN {shadow} SET STORAGE {storage};

-- name: fill
UPDATE pg_temp.migrator_try_size SET {shadow} = pg_catalog.array_fill(1::real, ARRAY[{dimensions}])::{type};
