UPDATE documents SET tags = tags || 'during'::text WHERE id % 10 = 1;
UPDATE documents SET embedding = model.embed(concat_ws(' ', title, array_to_string(tags, ', '), day)) WHERE id % 10 = 1;
