-- Haystack, PgvectorDocumentStore: texts, and blobs that have none.
CREATE TABLE "public"."haystack_documents" (
    id varchar(128) PRIMARY KEY,
    embedding vector(16),
    content text,
    blob_data bytea,
    blob_meta jsonb,
    blob_mime_type varchar(255),
    meta jsonb
);
CREATE INDEX haystack_keyword_index ON "public"."haystack_documents" USING gin (to_tsvector('english', content));
CREATE INDEX haystack_hnsw_index ON "public"."haystack_documents" USING hnsw (embedding vector_cosine_ops);
INSERT INTO haystack_documents (id, embedding, content, meta)
SELECT md5('document ' || n), model.embed('text ' || n), 'text ' || n, jsonb_build_object('n', n) FROM generate_series(1, 40) AS n;
INSERT INTO haystack_documents (id, blob_data, blob_mime_type) VALUES ('blob', '\x00ff', 'image/png');
