UPDATE products SET description = description || '!' WHERE product_id = 4;
UPDATE products SET search_embeddings = model.embed(concat_ws(' ', product_name, description)), search_updated_at = now()
WHERE product_id = 4;
