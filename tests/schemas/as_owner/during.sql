SET ROLE case_reader;
UPDATE app.documents SET content = 'during', embedding = model.embed('during') WHERE id = 5;
