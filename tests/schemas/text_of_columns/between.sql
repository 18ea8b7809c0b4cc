UPDATE products SET description = NULL, embedding =
    model.embed(title || ' ' || array_to_string(tags, ', ') || ' ' || price || (maker).name)
WHERE sku LIKE '%6';
