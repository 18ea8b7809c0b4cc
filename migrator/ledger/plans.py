"""The plans of runs, as the ledger keeps them."""

from __future__ import annotations

import dataclasses

from migrator.catalog import Catalog
from migrator.ledger.ledger import Ledger, LedgerChange, Run
from migrator.plan.column import ColumnPlan, Source
from migrator.plan.findings import Findings
from migrator.plan.plan import Plan
from migrator.plan.restore import RestorePlan


def restoring(
    number: int, catalog: Catalog, findings: Findings, upgrade: LedgerChange, source: Source, ledger: Ledger
) -> RestorePlan:
    """One column of a downgrade: the upgrade's change with old and new exchanged."""
    done = upgrade.change
    back = dataclasses.replace(done.with_old_text(), from_=done.to, to=done.from_, type=None, index="same")
    return RestorePlan(
        id=number,
        change=back,
        catalog=catalog,
        # Parsed once, before the upgrade: no function that was made since takes the place of one it calls.
        findings=dataclasses.replace(findings, qualified=upgrade.findings.qualified),
        undone=upgrade.as_upgrade,
        source=source,
        # Without a key they cannot be told from rows written since, which are not to be left without.
        found_nulls=bool(upgrade.catalog.table.key) and ledger.backed_up_nulls(upgrade.id),
        texts_edited=ledger.texts_edited(upgrade.id),
        online=upgrade.online,
    )


def unfinished_plan(ledger: Ledger, run: Run, *, quiet: bool = False) -> Plan:
    """The plan of an interrupted run, as it was made before anything was changed.

    quiet: whether the present command disables triggers in whatever mode, as the one that began the run may have done.
    """
    quiet = quiet or ledger.quiets_triggers(run)
    columns = [dataclasses.replace(planned(ledger, each), quiet=quiet) for each in ledger.changes(run)]
    return Plan(run.revision, run.direction, tuple(columns), ())


def planned(ledger: Ledger, change: LedgerChange) -> ColumnPlan:
    """The plan of one column as the ledger keeps it."""
    if change.restores is None or change.source is None:
        return change.as_upgrade
    undone = ledger.change(change.restores)
    return restoring(change.id, change.catalog, change.findings, undone, change.source, ledger)
