-- The ledger as version 1 made it: what is found in databases where an earlier migrator worked.
CREATE SCHEMA IF NOT EXISTS migrator;
COMMENT ON SCHEMA migrator IS 'migrator: ledger, backup tables, embedding stores. Kept until migrator retire.';

CREATE TABLE IF NOT EXISTS migrator.ledger_version (version int NOT NULL PRIMARY KEY);
INSERT INTO migrator.ledger_version SELECT 1 WHERE NOT EXISTS (SELECT FROM migrator.ledger_version);

-- A model as a revision declares it, what was found when it was loaded, and the vectors of the probe texts.
CREATE TABLE IF NOT EXISTS migrator.model (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    declared jsonb NOT NULL UNIQUE,
    fingerprint jsonb NOT NULL,
    probes jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One walk through the phases, for one revision, up or down.
CREATE TABLE IF NOT EXISTS migrator.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revision text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('upgrade', 'downgrade')),
    state text NOT NULL DEFAULT 'unfinished' CHECK (state IN ('unfinished', 'done', 'undone')),
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    waiting text
);
CREATE UNIQUE INDEX IF NOT EXISTS run_unfinished ON migrator.run ((true)) WHERE state = 'unfinished';

-- One vector column of a run. catalog is what was found before anything was changed; restores is the upgrade undone.
CREATE TABLE IF NOT EXISTS migrator.change (
    id bigint PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES migrator.run,
    restores bigint REFERENCES migrator.change,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    change jsonb NOT NULL,
    catalog jsonb NOT NULL,
    state text NOT NULL DEFAULT 'unfinished'
        CHECK (state IN ('unfinished', 'live', 'restored', 'undone', 'retired')),
    source text CHECK (source IN ('retired column', 'backup', 'model')),
    online boolean NOT NULL DEFAULT false,
    texts_embedded bigint NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS migrator.phase (
    run_id bigint NOT NULL REFERENCES migrator.run,
    phase text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    result jsonb,
    PRIMARY KEY (run_id, phase)
);

-- Rows that have no vector although they ought to, with the reason, by the hash of their text; '' stands for those without
-- a text in a column that was NOT NULL.
CREATE TABLE IF NOT EXISTS migrator.failed_row (
    change_id bigint NOT NULL REFERENCES migrator.change,
    text_hash bytea NOT NULL,
    rows bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (change_id, text_hash)
);

-- Which model each column holds now. Of a column that holds several, each in a scope, there are as many rows; a scope of
-- NULL is all rows that no other has in its scope.
CREATE OR REPLACE VIEW migrator.registry AS
SELECT table_schema, table_name, column_name,
       change -> 'to' ->> 'name' AS model, (change -> 'to' ->> 'dimensions')::int AS dimensions, change -> 'to' AS declared,
       change ->> 'where' AS scope, id AS change_id
FROM migrator.change c
WHERE state IN ('live', 'retired')
  AND NOT EXISTS (
    -- A later one took its place: of the same scope, or of all rows, or one that left nothing in rows out of its scope.
    SELECT FROM migrator.change AS later
    WHERE (later.table_schema, later.table_name, later.column_name) = (c.table_schema, c.table_name, c.column_name)
      AND later.id > c.id AND later.state IN ('live', 'retired')
      AND (later.change ->> 'where' IS NULL OR later.change ->> 'where' = c.change ->> 'where'
           OR later.change ->> 'outside' = 'null'
           OR later.catalog -> 'column' ->> 'dimensions' <> later.change -> 'to' ->> 'dimensions'));
