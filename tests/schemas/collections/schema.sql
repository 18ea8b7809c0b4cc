-- LangChain without dimensions: two collections, each with its own partial index; one is upgraded.
CREATE TABLE collections (id int PRIMARY KEY, name text NOT NULL UNIQUE);
INSERT INTO collections VALUES (1, 'mine'), (2, 'short');
CREATE TABLE embeddings (
    id int PRIMARY KEY,
    collection_id int NOT NULL REFERENCES collections ON DELETE CASCADE,
    document text,
    embedding vector
);
INSERT INTO embeddings SELECT n, 1, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 30) AS n;
INSERT INTO embeddings SELECT n, 2, 'text ' || n, ARRAY[n, 1, 2]::vector FROM generate_series(31, 50) AS n;
CREATE INDEX mine ON embeddings USING hnsw ((embedding::vector(16)) vector_cosine_ops) WHERE collection_id = 1;
CREATE INDEX short ON embeddings USING hnsw ((embedding::vector(3)) vector_l2_ops) WHERE collection_id = 2;
CREATE INDEX to_do ON embeddings (collection_id) WHERE embedding IS NULL;
