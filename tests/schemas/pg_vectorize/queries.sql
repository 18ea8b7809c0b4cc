SELECT product_id FROM products ORDER BY search_embeddings <=> model.embed('product 5')::vector LIMIT 3;
SELECT product_id FROM vectorize.search_view ORDER BY embeddings <=> model.embed('product 5')::vector LIMIT 3;
SELECT count(*) FROM vectorize.queue;
