SELECT id, node_id, text, metadata_, embedding <=> model.embed('text 9')::vector AS distance
FROM data_documents WHERE metadata_->>'ref_doc_id' = '4' ORDER BY distance ASC LIMIT 3;
SELECT id, ts_rank(text_search_tsv, plainto_tsquery('english', 'text 9')) FROM data_documents
WHERE text_search_tsv @@ plainto_tsquery('english', 'text 9') ORDER BY id;
