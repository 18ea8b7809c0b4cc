-- LlamaIndex, PGVectorStore with hybrid_search and hnsw_kwargs.
CREATE TABLE data_documents (
    id bigserial PRIMARY KEY,
    text varchar NOT NULL,
    metadata_ json,
    node_id varchar,
    embedding vector(16),
    text_search_tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED
);
CREATE INDEX documents_idx ON data_documents USING gin (text_search_tsv);
CREATE INDEX documents_idx_1 ON data_documents USING btree ((metadata_->>'ref_doc_id'));
INSERT INTO data_documents (text, metadata_, node_id, embedding)
SELECT 'text ' || n, json_build_object('ref_doc_id', n % 5), md5('node ' || n)::uuid, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX data_documents_embedding_idx ON data_documents USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
