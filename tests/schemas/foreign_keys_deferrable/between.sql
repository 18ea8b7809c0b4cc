DELETE FROM chunks WHERE id % 10 = 7;
UPDATE chunks SET id = id + 1000 WHERE id = 20;
UPDATE chunks SET id = id - 1000 WHERE id = 1020;
