INSERT INTO documents (content, embedding) VALUES ('between', model.embed('between')) ON CONFLICT DO NOTHING;
INSERT INTO documents (content, embedding) VALUES ('between', model.embed('between'))
ON CONFLICT (content) DO UPDATE SET created_at = now();
