SELECT id, kind, content FROM documents ORDER BY id;
