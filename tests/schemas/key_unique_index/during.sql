UPDATE documents SET path = path || '/moved' WHERE path LIKE '%3';
