-- The column is of a domain over vectors.
CREATE DOMAIN small AS vector(16);
CREATE TABLE documents (
    id int PRIMARY KEY,
    content text NOT NULL,
    embedding small NOT NULL
);
