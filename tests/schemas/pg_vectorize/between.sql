INSERT INTO products (product_name, search_embeddings)
SELECT 'between ' || count(*), model.embed('between ' || count(*)) FROM products;
