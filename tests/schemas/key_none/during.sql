INSERT INTO notes (content, embedding) VALUES ('during', model.embed('during')), ('during', model.embed('during'));
DELETE FROM notes WHERE content = 'text 3';
