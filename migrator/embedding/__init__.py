"""Models and the embedding store."""
