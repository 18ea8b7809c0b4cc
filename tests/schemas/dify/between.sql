INSERT INTO embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node (id, text, meta, embedding)
VALUES (gen_random_uuid(), 'between', '{}', model.embed('between'));
