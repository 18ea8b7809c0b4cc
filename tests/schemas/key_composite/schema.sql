-- A key of two columns, in the other order than the table's.
CREATE TABLE chunks (
    number int,
    embedding vector(16) NOT NULL,
    document text COLLATE "C",
    content text NOT NULL,
    PRIMARY KEY (document, number)
);
INSERT INTO chunks (document, number, content, embedding)
SELECT 'document ' || n / 10, n % 10, 'text ' || n, model.embed('text ' || n) FROM generate_series(0, 49) AS n;
CREATE INDEX chunks_embedding_idx ON chunks USING ivfflat (embedding vector_l2_ops) WITH (lists = 3);
