"""Named SQL statements; `migrator.queries` reads them."""
