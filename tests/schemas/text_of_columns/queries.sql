SELECT sku FROM products ORDER BY embedding <=> model.embed('title 9')::vector LIMIT 5;
