INSERT INTO notes (content, embedding) VALUES ('between', model.embed('between')), ('between', model.embed('between'));
UPDATE notes SET content = content || '!', embedding = model.embed(content || '!') WHERE content = 'text 4';
