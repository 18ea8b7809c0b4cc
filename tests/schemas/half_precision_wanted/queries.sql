SELECT id, embedding <=> model.embed('text 9')::vector FROM documents ORDER BY id;
