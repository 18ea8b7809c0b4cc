from tests.database import Database
from migrator import EmbeddingChange, Model, Hnsw
from migrator import runner
from migrator.work import Options
from migrator.change import VectorColumn
from migrator.cli.display import Lines

def test_up_and_down(database: Database) -> None:
    database.execute("CREATE TABLE items (id bigint PRIMARY KEY, body text NOT NULL, embedding vector(384) NOT NULL)")
    from tests.models import vector
    with database.connect() as c:
        for i in range(200):
            c.execute("INSERT INTO items VALUES (%s, %s, %s)", [i, f"text {i % 150}", str(vector(f"text {i%150}", "old").tolist())])
    database.execute("CREATE INDEX items_embedding_idx ON items USING ivfflat (embedding vector_cosine_ops) WITH (lists=5)")
    before = database.dump()
    change = EmbeddingChange("items", "embedding", "body", Model("python:tests.models:old", 384), Model("python:tests.models:new", 768), Hnsw())
    runner.upgrade(database.address, "2", [change], Options(Lines(print)))
    print(database.dump())
    runner.restore(database.address, "2", [VectorColumn("items", "embedding")], Options(Lines(print)))
    assert database.dump() == before
