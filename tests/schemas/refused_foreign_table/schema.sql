-- The rows are on another server.
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE documents (id int, content text, embedding vector(16)) SERVER elsewhere;
