DELETE FROM blog WHERE id % 10 = 3;
