-- The text of several columns, one of which may be missing; an array, a number and a part of a row among them.
CREATE TYPE company AS (name text, city text);
CREATE TABLE products (
    sku text PRIMARY KEY,
    title varchar(100) NOT NULL,
    description text,
    tags text[] NOT NULL DEFAULT '{}',
    price numeric(8, 2) NOT NULL,
    maker company,
    embedding vector(16)
);
CREATE FUNCTION said(title text, description text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN title || coalesce(E'\n' || description, '');
INSERT INTO products
SELECT 'sku ' || n, 'title ' || n, nullif('text ' || n % 4, 'text 2'), ARRAY['a', 'b' || n % 3], n / 7.0, ('maker ' || n % 3, 'city')::company FROM generate_series(1, 40) AS n;
UPDATE products SET embedding =
    model.embed(said(title, description) || ' ' || coalesce(array_to_string(tags, ', '), '') || ' ' || price || (maker).name);
CREATE INDEX products_embedding_idx ON products USING hnsw (embedding vector_cosine_ops);
