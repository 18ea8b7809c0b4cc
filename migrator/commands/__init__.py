"""One use case a file: what a command or an operation has done, whoever calls it."""
