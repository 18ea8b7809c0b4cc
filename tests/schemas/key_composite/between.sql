UPDATE chunks SET content = content || '?', embedding = model.embed(content || '?'), number = - number - 1
WHERE number BETWEEN 4 AND 5;
