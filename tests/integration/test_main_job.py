from migrator import runner
from migrator.change import VectorColumn
from migrator.cli.display import Lines
from migrator.work import Options
from tests.database import Database
from tests.tables import CHANGE, items


def test_up_and_down(database: Database) -> None:
    items(database)
    before = database.dump()
    runner.upgrade(database.address, "2", [CHANGE], Options(Lines(print)))
    print(database.dump())
    runner.restore(database.address, "2", [VectorColumn("items", "embedding")], Options(Lines(print)))
    assert database.dump() == before
