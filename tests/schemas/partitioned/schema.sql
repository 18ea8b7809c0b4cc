-- Partitions in two levels, each with a default one, one in another schema; the index is theirs, of half precision one in
-- only some rows. Partitions have indexes alone: one of two levels, and two of the same name.
CREATE TABLE documents (
    id int NOT NULL,
    year int NOT NULL,
    lang text NOT NULL DEFAULT 'en',
    content text NOT NULL,
    embedding vector(16) NOT NULL,
    PRIMARY KEY (id, year, lang),
    CHECK (vector_dims(embedding) = 16)
) PARTITION BY RANGE (year);
CREATE TABLE documents_2024 PARTITION OF documents FOR VALUES FROM (2024) TO (2025) PARTITION BY LIST (lang);
CREATE TABLE documents_2024_en PARTITION OF documents_2024 FOR VALUES IN ('en');
CREATE TABLE documents_2024_rest PARTITION OF documents_2024 DEFAULT;
CREATE TABLE documents_2025 PARTITION OF documents FOR VALUES FROM (2025) TO (2026);
CREATE SCHEMA archive;
CREATE TABLE archive.documents_2022 PARTITION OF documents FOR VALUES FROM (2022) TO (2023);
CREATE TABLE documents_other PARTITION OF documents DEFAULT;
INSERT INTO documents
SELECT n, 2022 + n % 5, CASE WHEN n % 3 = 0 THEN 'fr' ELSE 'en' END, 'text ' || n, model.embed('text ' || n)
FROM generate_series(1, 60) AS n;
CREATE INDEX documents_embedding_idx ON documents USING hnsw (embedding vector_cosine_ops) WITH (m = 8);
CREATE INDEX half ON documents USING hnsw ((embedding::halfvec(16)) halfvec_l2_ops) WHERE id > 3;
ALTER INDEX documents_2025_embedding_idx RENAME TO "of 2025";
CREATE INDEX alone ON documents_2025 USING hnsw (embedding vector_ip_ops) WITH (m = 5);
CREATE INDEX alone ON archive.documents_2022 USING ivfflat (embedding vector_ip_ops) WITH (lists = 1) WHERE id > 2;
COMMENT ON INDEX alone IS 'of 2025 alone';
CREATE INDEX documents_2024_own ON documents_2024 USING hnsw (embedding vector_l1_ops);
ALTER INDEX documents_2024_en_embedding_idx1 RENAME TO "of 2024, in English";
CREATE VIEW recent AS SELECT id, content, embedding FROM documents WHERE year >= 2025;
