UPDATE documents SET content = U&'cafe\0301', embedding = model.embed(U&'cafe\0301') WHERE name = 'composed';
