"""The way to the database: address, connection, locks, and the named queries of `sql/`."""
