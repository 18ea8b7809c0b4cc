UPDATE products SET price = price + 1, tags = tags || 'new'::text, embedding =
    model.embed(said(title, description) || ' ' || array_to_string(tags || 'new'::text, ', ') || ' ' || (price + 1) || (maker).name)
WHERE sku LIKE '%5';
