INSERT INTO documents (name, content, embedding) VALUES ('during', U&'\+01F600', model.embed(U&'\+01F600'))
ON CONFLICT (name) DO UPDATE SET content = excluded.content || '!', embedding = model.embed(excluded.content || '!');
