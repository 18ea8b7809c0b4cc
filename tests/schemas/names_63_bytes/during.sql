DELETE FROM a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl WHERE id % 10 = 5;
