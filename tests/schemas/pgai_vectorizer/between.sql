INSERT INTO blog_contents_embedding_store (id, chunk_seq, chunk, embedding)
SELECT id, 7, 'more of ' || title, model.embed('more of ' || title) FROM blog WHERE id % 10 = 4
ON CONFLICT DO NOTHING;
