-- Three tables in one cut-over, with foreign keys between them: in a circle, to itself, of two columns.
CREATE TABLE authors (id int PRIMARY KEY, best int, name text NOT NULL, embedding vector(16) NOT NULL);
CREATE TABLE books (
    id int, edition int, author int NOT NULL REFERENCES authors ON UPDATE CASCADE, title text NOT NULL,
    embedding vector(16), PRIMARY KEY (id, edition)
);
CREATE TABLE parts (
    id int PRIMARY KEY, book int NOT NULL, edition int NOT NULL, within int REFERENCES parts ON DELETE SET NULL,
    content text NOT NULL, embedding halfvec(16) NOT NULL,
    FOREIGN KEY (book, edition) REFERENCES books ON DELETE CASCADE
);
ALTER TABLE authors ADD CONSTRAINT best_book FOREIGN KEY (best) REFERENCES parts DEFERRABLE INITIALLY DEFERRED;
INSERT INTO authors SELECT n, NULL, 'name ' || n, model.embed('name ' || n) FROM generate_series(1, 10) AS n;
INSERT INTO books SELECT n, e, n % 10 + 1, 'title ' || n || e, model.embed('title ' || n || e)
FROM generate_series(1, 10) AS n, generate_series(1, 2) AS e;
INSERT INTO parts SELECT n, n % 10 + 1, n % 2 + 1, nullif(n / 2, 0), 'part ' || n, model.embed('part ' || n)::vector::halfvec
FROM generate_series(1, 40) AS n;
UPDATE authors SET best = id;
CREATE INDEX parts_idx ON parts USING hnsw (embedding halfvec_cosine_ops);
CREATE INDEX books_idx ON books USING hnsw (embedding vector_l2_ops);
CREATE VIEW written AS SELECT p.id, a.embedding AS of_author, b.embedding AS of_book, p.embedding
FROM parts p JOIN books b ON (b.id, b.edition) = (p.book, p.edition) JOIN authors a ON a.id = b.author;
