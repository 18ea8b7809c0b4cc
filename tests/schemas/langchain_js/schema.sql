-- LangChain.js and n8n: no dimensions, and an index on a cast over all rows. The column is to stay without dimensions.
CREATE TABLE n8n_vectors (
    "id" uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    "text" text,
    metadata jsonb,
    embedding vector
);
CREATE TABLE n8n_vector_collections (
    uuid uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    name character varying,
    cmetadata jsonb
);
CREATE INDEX idx_n8n_vector_collections_name ON n8n_vector_collections (name);
ALTER TABLE n8n_vectors ADD COLUMN collection_id uuid;
ALTER TABLE n8n_vectors ADD CONSTRAINT n8n_vectors_collection_id_fkey
    FOREIGN KEY (collection_id) REFERENCES n8n_vector_collections (uuid) ON DELETE CASCADE;
INSERT INTO n8n_vector_collections VALUES ('11111111-1111-4111-8111-111111111111', 'n8n', NULL);
INSERT INTO n8n_vectors ("text", metadata, embedding, collection_id)
SELECT 'text ' || n, jsonb_build_object('source', 'blob'), model.embed('text ' || n), '11111111-1111-4111-8111-111111111111'
FROM generate_series(1, 6) AS n;
CREATE INDEX vector_embedding_hnsw_idx ON n8n_vectors
    USING hnsw ((embedding::vector(16)) vector_cosine_ops) WITH (m=16, ef_construction=64);
