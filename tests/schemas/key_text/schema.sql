-- Texts of every kind: empty, blank, equal to another's, in many scripts, long, with what SQL and psycopg quote.
CREATE TABLE documents (
    name text PRIMARY KEY,
    content text,
    embedding vector(16)
);
INSERT INTO documents (name, content)
SELECT 'text ' || n, 'text ' || n % 20 FROM generate_series(1, 40) AS n;
INSERT INTO documents (name, content) VALUES
    ('none', NULL),
    ('empty', ''),
    ('blank', E' \t\r\n '),
    ('quotes', 'it''s 100% {} %s %(name)s "quoted" \ $1 $$ ; --'),
    ('composed', U&'caf\00E9'),
    ('decomposed', U&'cafe\0301'),
    ('scripts', U&'\0416\0434\6771\4EAC\0645\0631\062D\0628\0627 \+01F469\200D\+01F4BB'),
    ('controls', E'\u0001\u007f\u200b\ufeff\ufffd\uffff'),
    ('long', repeat('a long text ', 2000));
UPDATE documents SET embedding = model.embed(content);
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops);
