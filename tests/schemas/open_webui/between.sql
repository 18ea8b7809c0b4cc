UPDATE document_chunk SET text = 'between', vector = model.embed('between'), vmetadata = '{"name": 1}' WHERE id = 'during';
