UPDATE library_passage SET body = 'between', page = 3, embedding = model.embed('between'), book_id = 2 WHERE id = 7;
