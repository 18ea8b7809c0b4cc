UPDATE chunks SET document = document || '!', number = number + 100 WHERE number = 3;
