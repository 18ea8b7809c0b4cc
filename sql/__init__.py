"""Named SQL statements; `migrator.postgres.sql` reads them."""
