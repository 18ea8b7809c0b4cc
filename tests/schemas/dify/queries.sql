SELECT meta, text, embedding <=> model.embed('text 9')::vector AS distance
FROM embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node ORDER BY distance LIMIT 4;
