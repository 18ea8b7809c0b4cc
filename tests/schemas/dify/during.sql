DELETE FROM embedding_vector_index_0b5d3a8e_3c55_4b6e_9f64_3d8d9d1c0e7a_node WHERE id = md5('segment 3')::uuid;
