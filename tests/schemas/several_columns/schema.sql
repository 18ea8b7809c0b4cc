-- Two columns of one table and one of another, which one cut-over moves together; a view reads all.
CREATE TABLE articles (
    id int PRIMARY KEY,
    title text NOT NULL,
    body text NOT NULL,
    title_embedding vector(16) NOT NULL,
    body_embedding vector(16)
);
CREATE TABLE comments (
    id int PRIMARY KEY,
    article_id int NOT NULL REFERENCES articles ON DELETE CASCADE,
    content text,
    spam bool NOT NULL DEFAULT false,
    embedding vector(16)
);
INSERT INTO articles SELECT n, 'title ' || n, 'body ' || n, model.embed('title ' || n), model.embed('body ' || n)
FROM generate_series(1, 40) AS n;
INSERT INTO comments SELECT n, n % 40 + 1, 'comment ' || n, n % 5 = 0, model.embed('comment ' || n)
FROM generate_series(1, 60) AS n;
CREATE INDEX articles_title_idx ON articles USING hnsw (title_embedding vector_cosine_ops);
CREATE INDEX articles_body_idx ON articles USING hnsw (body_embedding vector_cosine_ops);
CREATE INDEX comments_idx ON comments USING hnsw (embedding vector_cosine_ops) WHERE NOT spam;
CREATE VIEW everything AS
SELECT a.id, a.title_embedding <=> a.body_embedding AS apart, c.id AS comment, c.embedding
FROM articles a JOIN comments c ON c.article_id = a.id WHERE NOT c.spam;
