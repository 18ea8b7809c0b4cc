-- Names as long as PostgreSQL takes, the text's of letters with two bytes: whatever is derived from them is cut short.
CREATE TABLE a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl (
    id int PRIMARY KEY,
    "ééééééééééééééééééééééééééééééé" text NOT NULL,
    a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu vector(16) CONSTRAINT a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_null NOT NULL
);
INSERT INTO a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl SELECT n, 'text ' || n, model.embed('text ' || n) FROM generate_series(1, 40) AS n;
CREATE INDEX a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_indx ON a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl USING hnsw (a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu vector_cosine_ops);
CREATE INDEX a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_ind2 ON a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl USING hnsw (a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu vector_l2_ops);
CREATE VIEW a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_view AS SELECT * FROM a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl;
-- What PostgreSQL cuts a longer name to.
CREATE TABLE a_name_of_as_many_bytes_as_postgresql_takes_which_is_migrator_x ();
