"""What phases leave in the ledger: the same JSON as ever, and words that do not depend on its keys."""

from __future__ import annotations

import json

import pytest

from migrator.ledger.rows import as_json
from migrator.phases.backup import BackedUp
from migrator.phases.cut_over import Swapped
from migrator.phases.embed import Embedded
from migrator.phases.fill import Filled
from migrator.phases.index import Built
from migrator.phases.settle import Settled
from migrator.phases.verify import Proved
from migrator.runtime.step import Result

BACKUP = {"rows": 2, "vectors": 1, "checksum": "7", "table": "migrator.backup_1"}


@pytest.mark.parametrize(
    ("result", "kept", "told"),
    [
        (BackedUp(2, 1, "7", "migrator.backup_1"), BACKUP, "2 rows, 1 vector"),
        (Embedded(1_000), {"texts": 1_000}, "1,000 texts"),
        (Filled(1), {"rows": 1}, "1 row"),
        (Built(["a", "b on public.c"]), {"indexes": ["a", "b on public.c"]}, "a, b on public.c"),
        (Swapped(1), {"writes left": 1}, "1 write to settle"),
        (Settled(rows=0, not_null=True), {"rows": 0, "not_null": True}, "0 rows"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_result_is_kept_and_told(result: Result, kept: dict[str, object], told: str) -> None:
    assert json.loads(as_json({"public.t.c": result})) == {"public.t.c": kept}
    assert result.summary == told


def test_proofs_are_kept_in_a_list() -> None:
    kept = json.loads(as_json([Proved("sample", None, "not taken")]))
    assert kept == [{"proof": "sample", "passed": None, "detail": "not taken"}]
