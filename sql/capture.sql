-- Change capture. The functions run in the application's transactions: they never fail a write.

-- name: function
-- The table's owner evaluates text and scope. No name is looked up in a schema that others may write in.
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
{settings}
AS {body};

-- name: lookup
-- The vector of a text's hash, for the table's owner, who may not read the store.
CREATE OR REPLACE FUNCTION {lookup}(bytea) RETURNS {vector}
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS {body};

-- name: lookup_body
BEGIN
    RETURN (SELECT embedding FROM {store} WHERE text_hash = $1);
END

-- name: may_use
-- CREATE for the moment in which the function becomes the owner's.
GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner};

-- name: to_table_owner
ALTER FUNCTION {function}() OWNER TO {owner};

-- name: may_not_create
REVOKE CREATE ON SCHEMA {schema} FROM {owner};

-- name: may_look_up
GRANT EXECUTE ON FUNCTION {lookup}(bytea) TO {owner};

-- name: may_count
GRANT USAGE ON SEQUENCE {sequence} TO {owner};

-- name: from_table_owner
-- The last of the owner's functions is gone.
BEGIN
    IF EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) x
               WHERE n.nspname = {schema_name} AND x.grantee = to_regrole({owner_name})
                 AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = x.grantee))
    THEN
        REVOKE USAGE ON SCHEMA {schema} FROM {owner};
    END IF;
END;

-- name: trigger
CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW
WHEN (({filled}) IS NOT TRUE) EXECUTE FUNCTION {function}();

-- name: is_marked
-- The fill marks its own updates, which need no capture, by a setting. Any role may set it, and defaults of a role or a
-- database too: so it names the transaction, and counts only in sessions of whoever may act as the table's owner.
current_setting('migrator.fill', true) IS NOT DISTINCT FROM {kind} || pg_current_xact_id()::text
    AND pg_has_role(session_user, to_regrole({owner_name}), 'MEMBER')

-- name: mark
-- For the transaction that is open, with other settings.
SELECT set_config(setting, value, true) FROM unnest(%(settings)s::text[], %(values)s::text[]) AS given (setting, value)
UNION ALL
SELECT set_config('migrator.fill', %(kind)s::text || pg_current_xact_id()::text, true);

-- name: always
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger};

-- name: sequence
-- How many writes left a row without a vector, or a text with a vector of another one, or may have. A sequence is counted
-- up without a lock or a row of its own, within the application's transaction and with no way to fail it.
CREATE SEQUENCE IF NOT EXISTS {sequence};

-- name: drop_sequence
DROP SEQUENCE IF EXISTS {sequence};

-- name: writers
-- Transactions that have written to the table and not ended, prepared ones among them.
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation IN {tree} AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND pid IS DISTINCT FROM pg_backend_pid();

-- name: count_missed
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {missed};

-- name: drop_trigger
DROP TRIGGER IF EXISTS {trigger} ON {table};

-- name: drop_function
-- And a trigger that is still there, of a table that has lost its columns.
DROP FUNCTION IF EXISTS {function}() CASCADE;

-- name: drop_lookup
DROP FUNCTION IF EXISTS {lookup}(bytea);

-- name: trigger_is_there
-- Whether the table and each of its partitions have it, and have it ALWAYS.
SELECT coalesce(bool_and(t.tgenabled IS NOT DISTINCT FROM 'A'), false) FROM {tree} AS r (oid)
LEFT JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgname = %(trigger)s AND (t.tgparentid <> 0 OR NOT t.tgisinternal);

-- name: of_another_owner
-- Whose rights the function runs with, where the table is another role's by now.
SELECT pg_get_userbyid(p.proowner)::text, pg_get_userbyid(c.relowner)::text
FROM pg_proc p JOIN pg_class c ON c.oid = %(table)s::oid
WHERE p.oid = to_regprocedure(%(function)s) AND p.proowner <> c.relowner;

-- name: body
-- `fill` looks the present text's vector up; `stale` clears the retired vector of a text that changed.
#variable_conflict use_column
DECLARE
    before_ bytea;
    after_ bytea;
    was_due_ boolean;
    is_due_ boolean;
    in_scope_ boolean;
    new_ record;
    old_ record;
BEGIN
    {whole_rows}
    {texts}
    {fill}
    {stale}
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN
    {give_up}
    RETURN NEW;
END

-- name: whole_rows
-- For texts that take the row as a whole: generated columns are not computed yet.
new_ := NEW;
{new_computed}
IF TG_OP = 'UPDATE' THEN
    old_ := OLD;
    {old_computed}
END IF;

-- name: computed
{record}.{column} := (SELECT {expression} FROM unnest(ARRAY[{row}]) AS {table});

-- name: texts
SELECT {key}, {due}, {scope} INTO after_, is_due_, in_scope_ FROM {new_row};
IF TG_OP = 'UPDATE' THEN
    SELECT {key}, {due} INTO before_, was_due_ FROM {old_row};
END IF;

-- name: texts_if_known
-- Else it is told by the row's columns whether the text is the same, and none is looked up: no store has that key.
IF {known} THEN
    {texts}
ELSE
    SELECT {scope} INTO in_scope_ FROM {new_row};
    in_scope_ := coalesce(in_scope_, true);
    is_due_ := in_scope_;
    was_due_ := in_scope_;
    after_ := '';
    IF TG_OP = 'UPDATE' AND {same} THEN
        before_ := '';
    END IF;
END IF;

-- name: sees_other_tables
-- Others may see other tables as they were before a write there that the vectors go by.
current_setting('transaction_isolation') = 'read committed'

-- name: old_text
-- The retired vector is of another text than the live one.
SELECT {key} INTO after_ FROM {new_row};
IF TG_OP = 'UPDATE' THEN
    SELECT {key} INTO before_ FROM {old_row};
END IF;

-- name: stale
IF TG_OP = 'INSERT' OR {changed} THEN
    NEW.{retired} := NULL;
END IF;

-- name: given
-- IS DISTINCT FROM would look for the operator of vectors in the search path.
((NEW.{target} OPERATOR({extension}.=) OLD.{target}) IS NOT TRUE AND num_nonnulls(NEW.{target}, OLD.{target}) > 0)

-- name: to_be_filled
-- Before cut-over: a vector that comes with a row, perhaps copied with it from another, is not believed.
NEW.{target} IS NULL OR TG_OP = 'INSERT' OR after_ IS DISTINCT FROM before_ OR is_due_ IS DISTINCT FROM was_due_
        OR {given}

-- name: not_given
-- After it the application writes vectors of the new model itself; what it gives is kept.
NEW.{target} IS NULL OR TG_OP = 'UPDATE'
        AND (after_ IS DISTINCT FROM before_ OR is_due_ IS DISTINCT FROM was_due_)
        AND NOT {given}

-- name: fill_from_store
IF {condition} THEN
    NEW.{target} := NULL;
    IF is_due_ AND {sees_rows} THEN
        NEW.{target} := {lookup}(after_)::{type};
    END IF;
END IF;

-- name: sees_rows
-- Whoever cannot see all rows would learn from a vector that is there at once whether another row has that text. Their
-- rows are left to the fill. The role is that of the session, whatever function it writes by.
EXISTS (SELECT FROM pg_class t
        JOIN pg_roles w ON w.rolname = coalesce(nullif(current_setting('role'), 'none'), session_user)::name
        WHERE t.oid = to_regclass({table}) AND has_any_column_privilege(w.oid, t.oid, 'SELECT')
          AND (NOT t.relrowsecurity OR w.rolsuper OR w.rolbypassrls
               OR NOT t.relforcerowsecurity AND pg_has_role(w.oid, t.relowner, 'USAGE')))

-- name: fill_from_live
IF is_due_ THEN
    NEW.{target} := {derived};
ELSE
    NEW.{target} := NULL;
END IF;

-- name: count_miss
IF is_due_ AND NEW.{target} IS NULL THEN
    PERFORM nextval({missed});
END IF;

-- name: give_up
BEGIN
    NEW.{target} := NULL;
EXCEPTION WHEN OTHERS THEN
    -- Others dropped the column.
    NULL;
END;

-- name: count_edit
-- Before cut-over: the live vector stays that of the text before, and is retired with it.
IF TG_OP = 'UPDATE' AND ({changed}) AND NOT {given} THEN
    PERFORM nextval({edited});
END IF;

-- name: count_anyway
-- After giving up: it may be one that counts.
BEGIN
    PERFORM nextval({sequence});
EXCEPTION WHEN OTHERS THEN
    NULL;
END;

-- name: keep
IF {condition} THEN
    NEW.{target} := NEW.{live}::{type};
END IF;
