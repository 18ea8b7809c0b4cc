-- Rows whose text or scope raises an error when it is evaluated.

-- name: function
-- Evaluates one of them for a row, given its columns, and gives NULL where that raises an error of the row's. What the
-- server, a lock or an operator is the reason of is raised; a cancel is not caught at all.
CREATE OR REPLACE FUNCTION {function}({arguments}) RETURNS {type} LANGUAGE plpgsql STABLE AS {body};

-- name: body
#variable_conflict use_column
BEGIN
    {evaluation}
EXCEPTION WHEN OTHERS THEN
    IF left(SQLSTATE, 2) IN ('25', '40', '53', '55', '57', '58') OR SQLSTATE IN ('XX001', 'XX002') THEN
        RAISE;
    END IF;
    RETURN {otherwise};
END

-- name: collations
-- Of the columns that have one, as it is written behind a value.
SELECT a.attname::text, format(' COLLATE %%I.%%I', n.nspname, c.collname)
FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE a.attrelid = %(table)s::oid AND a.attnum > 0 AND NOT a.attisdropped;

-- name: value
RETURN (SELECT {value} FROM {row});

-- name: text
-- The store's key needs the text in UTF-8.
RETURN (SELECT CASE WHEN convert_to({value}::text, 'UTF8') IS NOT NULL THEN {value} END FROM {row});

-- name: first_error
-- The text counts where the row is in scope.
IF (SELECT {scope} FROM {row}) THEN
    PERFORM convert_to({value}::text, 'UTF8') FROM {row};
END IF;
RETURN NULL;

-- name: reason
-- What PostgreSQL says, without what it quotes of the row. A function's own message may hold any of it.
CASE WHEN left(SQLSTATE, 2) IN ('P0', '38', '39', '2F', 'HV') THEN
    'error ' || SQLSTATE || ', raised by a function that it calls'
ELSE
    regexp_replace(regexp_replace(split_part(SQLERRM, E'\n', 1), '".*"', '"..."'), ':( 0x\w+)+', '')
END

-- name: secret_reason
'error ' || SQLSTATE || ', whose message is not shown, because it may quote the text'

-- name: is_there
SELECT to_regproc(%(function)s) IS NOT NULL;

-- name: count
SELECT count(*), count(*) FILTER (WHERE {live} IS NULL) FROM {table} WHERE {reason} IS NOT NULL;

-- name: first
SELECT {place} || ': ' || {reason} FROM {table} WHERE {reason} IS NOT NULL ORDER BY tableoid, ctid LIMIT %(limit)s;

-- name: forget
-- A byte before the hash of the row's key tells these from texts.
DELETE FROM migrator.failed_row WHERE change_id = {change} AND octet_length(text_hash) = 33;

-- name: list
INSERT INTO migrator.failed_row (change_id, text_hash, rows, reason)
SELECT {change}, '\x00' || sha256(convert_to(migrator_place, 'UTF8')), 1,
       'row ' || migrator_place || ': its text or scope cannot be evaluated: ' || migrator_reason
FROM (SELECT {place} AS migrator_place, {reason} AS migrator_reason FROM {table} WHERE {which} OFFSET 0) AS migrator_rows
WHERE migrator_reason IS NOT NULL;
