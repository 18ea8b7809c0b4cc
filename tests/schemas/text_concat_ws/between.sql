UPDATE documents SET title = NULL, day = day + 1 WHERE id % 10 = 3;
UPDATE documents SET embedding = model.embed(concat_ws(' ', title, array_to_string(tags, ', '), day)) WHERE id % 10 = 3;
