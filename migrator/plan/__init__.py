"""What is going to be done, as pure data."""
