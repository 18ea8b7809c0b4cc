SET app.key = '77';
UPDATE documents SET sealed = turned(convert_to('between ' || id, 'UTF8')), embedding = model.embed('between ' || id)
WHERE id % 10 = 3;
