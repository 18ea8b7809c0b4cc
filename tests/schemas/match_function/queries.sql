SELECT * FROM match_documents(model.embed('text 7')::vector, 5);
