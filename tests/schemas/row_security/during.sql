SET ROLE case_reader;
UPDATE documents SET content = content || '!', embedding = model.embed(content || '!') WHERE id % 10 = 6;
