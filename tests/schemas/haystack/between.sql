DELETE FROM haystack_documents WHERE id = 'during';
UPDATE haystack_documents SET content = NULL, embedding = NULL, blob_data = '\x01' WHERE meta->>'n' = '3';
