-- Rows that hold a model's vectors and are out of the scope that these were made for.

-- name: scope
-- Rows with a vector in scope; and those out of scope whose vectors have as many dimensions.
SELECT count(*) FILTER (WHERE {scope}) AS in_scope,
       count(*) FILTER (WHERE {outside} AND {extension}.vector_dims({live}) = {dimensions}) AS alike
FROM {table} WHERE {live} IS NOT NULL;

-- name: of_store
-- The store has the vector under the row's text.
EXISTS (SELECT FROM (SELECT text_hash AS migrator_hash, embedding AS migrator_vector FROM {store}) AS migrator_store
        WHERE migrator_hash = {text_hash} AND migrator_vector::{type} OPERATOR({extension}.=) {live})

-- name: count
SELECT count(*) FROM {table} WHERE {live} IS NOT NULL AND {outside} AND {which};

-- name: any_before
-- Vectors of that length out of scope before the upgrade, too: then the length says nothing.
EXISTS (SELECT FROM {table} WHERE {outside} AND {extension}.vector_dims({former}) = {dimensions})
