INSERT INTO documents (content, embedding) VALUES ('during', model.embed('during')) ON CONFLICT DO NOTHING;
