INSERT INTO products (product_name, search_embeddings) VALUES ('between', model.embed('between'));
