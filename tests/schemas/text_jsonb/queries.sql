SELECT payload FROM memories WHERE payload->'user' = '0' ORDER BY vector <=> model.embed('text 9')::vector LIMIT 5;
