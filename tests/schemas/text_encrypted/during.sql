SET app.key = '77';
UPDATE documents SET sealed = turned(convert_to('during ' || id, 'UTF8')), embedding = model.embed('during ' || id)
WHERE id % 10 = 1;
