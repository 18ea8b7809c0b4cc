SELECT id FROM a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_view ORDER BY a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu <=> model.embed('text 9')::vector LIMIT 5;
SELECT id FROM a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_view ORDER BY a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu <-> model.embed('text 9')::vector LIMIT 5;
