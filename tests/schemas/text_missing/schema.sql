-- Rows without a text, or out of scope, which keep what they hold: in a column without dimension they may.
CREATE TABLE documents (id int PRIMARY KEY, kind text NOT NULL, content text, embedding vector NOT NULL);
INSERT INTO documents SELECT n, CASE WHEN n % 4 = 0 THEN 'image' ELSE 'text' END,
    CASE WHEN n % 5 = 1 THEN NULL WHEN n % 5 = 2 THEN '' ELSE 'text ' || n END, model.embed('text ' || n)
FROM generate_series(1, 40) AS n;
