-- Two vectors a row, of which one is changed.
CREATE TABLE articles (
    id int PRIMARY KEY,
    title text NOT NULL,
    body text NOT NULL,
    title_embedding vector(16) NOT NULL,
    body_embedding vector(16)
);
INSERT INTO articles SELECT n, 'title ' || n, 'body ' || n, model.embed('title ' || n), model.embed('body ' || n)
FROM generate_series(1, 40) AS n;
CREATE INDEX articles_title_idx ON articles USING hnsw (title_embedding vector_cosine_ops);
CREATE INDEX articles_body_idx ON articles USING hnsw (body_embedding vector_cosine_ops);
CREATE INDEX articles_both_idx ON articles USING hnsw (title_embedding vector_l2_ops) WHERE body_embedding IS NOT NULL;
CREATE VIEW vectors AS SELECT id, title_embedding, body_embedding FROM articles;
