"""What `migrator init` writes; this repository runs on the same files."""
