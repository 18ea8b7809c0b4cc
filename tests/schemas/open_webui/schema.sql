-- Open WebUI: document_chunk, its vector called vector and its text called text.
CREATE TABLE document_chunk (
    id text NOT NULL PRIMARY KEY,
    vector vector(16),
    collection_name text NOT NULL,
    text text,
    vmetadata jsonb
);
INSERT INTO document_chunk
SELECT md5('chunk ' || n), model.embed('text ' || n), 'file-' || n % 3, 'text ' || n, jsonb_build_object('name', n) FROM generate_series(1, 40) AS n;
CREATE INDEX idx_document_chunk_vector ON document_chunk USING ivfflat (vector vector_cosine_ops) WITH (lists = 4);
CREATE INDEX idx_document_chunk_collection_name ON document_chunk (collection_name);
