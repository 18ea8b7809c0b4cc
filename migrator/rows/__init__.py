"""What happens to the rows of a table."""
