UPDATE documents SET language = 'en' WHERE id = 4;
