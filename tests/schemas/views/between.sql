SET ROLE case_reader;
UPDATE writable SET content = content || '?', embedding = model.embed(content || '?') WHERE id % 10 = 5;
