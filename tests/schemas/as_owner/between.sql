SET ROLE case_reader;
UPDATE app.documents SET content = 'between', embedding = model.embed('between') WHERE id = 6;
