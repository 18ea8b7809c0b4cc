-- The text reads a table that the role may read and may not lock.
CREATE TABLE topics (id int PRIMARY KEY, title text NOT NULL);
GRANT SELECT ON topics TO case_owner;
CREATE SCHEMA app AUTHORIZATION case_owner;
SET ROLE case_owner;
CREATE TABLE app.notes (id int PRIMARY KEY, topic_id int NOT NULL, body text NOT NULL, embedding vector(16) NOT NULL);
INSERT INTO app.notes SELECT n, 1, 'text ' || n, model.sixteen('text ' || n) FROM generate_series(1, 20) AS n;
