-- What other tools left on a table, or do with it: reads only.

-- name: triggers
-- Of every kind, disabled ones too, with their functions.
SELECT tgname::text AS name, tgenabled <> 'D' AS enabled, pn.nspname::text AS schema, p.proname::text AS function,
       array_remove(string_to_array(encode(tgargs, 'escape'), '\000'), '') AS arguments
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE tgrelid = %(table)s::oid AND NOT tgisinternal
ORDER BY tgname;

-- name: tables_with_trigger
-- Those with a trigger of that function, unless it is disabled.
SELECT DISTINCT format('%%I.%%I', cn.nspname, c.relname)
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
WHERE (n.nspname, p.proname) = (%(schema)s, %(function)s) AND tgenabled <> 'D'
ORDER BY 1;

-- name: tables
-- Those in the same schema whose name holds this one's, and pg_repack's log of it.
SELECT c.relname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.oid <> %(table)s::oid
  AND (n.nspname = %(schema)s AND strpos(c.relname, %(name)s) > 0
       OR n.nspname = 'repack' AND c.relname IN ('log_' || %(table)s::text, 'table_' || %(table)s::text))
ORDER BY c.relname;

-- name: has_vectorizers
-- Whether pgai's list of its vectorizers is there to be read.
SELECT coalesce((SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'ai' AND c.relname = 'vectorizer' AND c.relkind = 'r'), false);

-- name: vectorizers
-- Those that write to the column. Where its name stands depends on the version of pgai.
SELECT coalesce(v ->> 'name', 'number ' || (v ->> 'id'))
FROM (SELECT to_jsonb(migrator_vectorizer) AS v FROM ai.vectorizer AS migrator_vectorizer) AS found
WHERE (v ->> 'disabled')::boolean IS NOT TRUE
  AND ((coalesce(v #>> '{{config,destination,target_schema}}', v ->> 'target_schema'),
        coalesce(v #>> '{{config,destination,target_table}}', v ->> 'target_table')) = (%(schema)s, %(name)s)
       OR (v ->> 'source_schema', v ->> 'source_table', v #>> '{{config,destination,embedding_column}}')
          = (%(schema)s, %(name)s, %(column)s))
ORDER BY 1;
