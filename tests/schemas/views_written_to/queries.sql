SELECT number FROM by_trigger ORDER BY meaning <=> model.embed('text 1')::vector LIMIT 5;
SELECT id, apart FROM by_rule ORDER BY id;
