DELETE FROM documents WHERE path LIKE '%4';
