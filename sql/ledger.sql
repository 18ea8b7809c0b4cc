-- migrator's own bookkeeping: one schema, readable by its owner alone.
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

-- Which model each column holds now.
CREATE OR REPLACE VIEW migrator.registry AS
SELECT DISTINCT ON (table_schema, table_name, column_name)
       table_schema, table_name, column_name,
       change -> 'to' ->> 'name' AS model, (change -> 'to' ->> 'dimensions')::int AS dimensions, change -> 'to' AS declared
FROM migrator.change c
WHERE state IN ('live', 'retired')
ORDER BY table_schema, table_name, column_name, id DESC;
