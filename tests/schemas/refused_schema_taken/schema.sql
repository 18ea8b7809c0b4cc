-- The application has a schema called migrator.
CREATE SCHEMA migrator;
CREATE TABLE migrator.change (id int PRIMARY KEY);
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding vector(16) NOT NULL
);
