SET ROLE case_reader;
UPDATE documents SET embedding = embedding;
