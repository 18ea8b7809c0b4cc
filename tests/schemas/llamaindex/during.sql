INSERT INTO data_documents (text, metadata_, node_id, embedding) VALUES ('during', '{}', 'during', model.embed('during'));
DELETE FROM data_documents WHERE metadata_->>'ref_doc_id' = '3';
