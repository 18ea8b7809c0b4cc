SELECT id, text, vmetadata FROM document_chunk WHERE collection_name = 'file-0'
ORDER BY vector <=> model.embed('text 9')::vector LIMIT 3;
