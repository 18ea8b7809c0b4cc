"""The documentation: its pages, and what makes the generated ones."""
