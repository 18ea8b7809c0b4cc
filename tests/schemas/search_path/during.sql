INSERT INTO documents (id, content, embedding) SELECT max(id) + 1, 'during', model.embed(upper('during')) FROM documents;
