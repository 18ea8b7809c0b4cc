-- The text of several columns, one of which may be missing; an array and a number among them.
CREATE TABLE products (
    sku text PRIMARY KEY,
    title varchar(100) NOT NULL,
    description text,
    tags text[] NOT NULL DEFAULT '{}',
    price numeric(8, 2) NOT NULL,
    embedding vector(16)
);
CREATE FUNCTION said(title text, description text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN title || coalesce(E'\n' || description, '');
INSERT INTO products
SELECT 'sku ' || n, 'title ' || n, nullif('text ' || n % 4, 'text 2'), ARRAY['a', 'b' || n % 3], n / 7.0 FROM generate_series(1, 40) AS n;
UPDATE products SET embedding =
    model.embed(said(title, description) || ' ' || coalesce(array_to_string(tags, ', '), '') || ' ' || price);
CREATE INDEX products_embedding_idx ON products USING hnsw (embedding vector_cosine_ops);
