"""Rows of the ledger, some of which a role with fewer rights than whoever reads them can write."""

from __future__ import annotations

from migrator.ledger.rows import Run


def test_a_revision_cannot_add_a_command_to_the_one_that_is_advised() -> None:
    assert Run(1, "2", "upgrade").command == "migrator upgrade 2"
    assert Run(1, "2; reboot", "upgrade").command == "migrator upgrade '2; reboot'"
