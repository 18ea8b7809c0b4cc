"""An ordinary role that wants to be superuser, and what it leaves for others to run."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.database import Database

# Runs as whoever evaluates it: takes the session's own role back, and says that it ran even where all is rolled back.
_CODE = """
CREATE SEQUENCE {schema}.ran;
GRANT ALL ON SEQUENCE {schema}.ran TO PUBLIC;
CREATE FUNCTION {schema}.gain() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM nextval('{schema}.ran');
    EXCEPTION WHEN OTHERS THEN END;
    BEGIN
        EXECUTE 'RESET ROLE';
        EXECUTE 'ALTER ROLE {name} SUPERUSER';
    EXCEPTION WHEN OTHERS THEN
        BEGIN
            EXECUTE 'COPY (SELECT 1) TO PROGRAM ''true''';
        EXCEPTION WHEN OTHERS THEN END;
    END;
    RETURN true;
END $$;
CREATE FUNCTION {schema}.guard(given text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN RETURN {schema}.gain(); END$$;
CREATE FUNCTION {schema}.told(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    $$BEGIN PERFORM {schema}.gain(); RETURN given; END$$;
CREATE FUNCTION {schema}.fired() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM {schema}.gain(); RETURN NEW; END$$;
CREATE DOMAIN {schema}.checked AS text CHECK ({schema}.guard(VALUE));
"""
# What a table can have that runs code when migrator reads, plans, fills or checks it.
PLANTED = {
    "CHECK": "ALTER TABLE items ADD CONSTRAINT {called} CHECK ({schema}.guard(note)) NOT VALID",
    "generated column": "ALTER TABLE items ADD COLUMN made text GENERATED ALWAYS AS ({schema}.told(note)) STORED",
    "trigger": "CREATE TRIGGER {called} BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION {schema}.fired(); "
    "ALTER TABLE items ENABLE ALWAYS TRIGGER {called}",
    "deferred trigger": "CREATE CONSTRAINT TRIGGER {called} AFTER UPDATE ON items DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION {schema}.fired(); ALTER TABLE items ENABLE ALWAYS TRIGGER {called}",
    "trigger condition": "CREATE TRIGGER {called} BEFORE UPDATE ON items FOR EACH ROW WHEN ({schema}.guard('')) "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "index predicate": "CREATE INDEX {called} ON items (id) WHERE {schema}.guard('')",
    "index expression": "CREATE INDEX {called} ON items ({schema}.told(note))",
    "statistics": "CREATE STATISTICS {called} ON ({schema}.told(note)), id FROM items",
    "policy": "CREATE POLICY {called} ON items USING ({schema}.guard(''))",
    "domain": "ALTER TABLE items ADD COLUMN tag {schema}.checked",
}


@dataclass(frozen=True)
class Attacker:
    """The role, and the schema of that name, in which it may create."""

    database: Database
    name: str

    @classmethod
    def made(cls, database: Database) -> Attacker:
        # Roles belong to the server, which other tests share.
        name = f"{database.value('SELECT current_database()')}_mallory"
        database.execute(f"CREATE ROLE {name} LOGIN")
        database.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
        attacker = cls(database, name)
        attacker.run(_CODE)
        return attacker

    def run(self, statements: str) -> None:
        """As the role itself."""
        with self.database.as_role(self.name).connect() as connection:
            connection.execute(statements.format(name=self.name, schema=self.name).encode())

    def plant(self, *what: str) -> None:
        """Lets the table items have these of PLANTED, made by whoever owns the table. Forgets what ran by that."""
        owner = self.database.value("SELECT relowner::regrole::text FROM pg_class WHERE oid = 'items'::regclass")
        with self.database.connect() as connection:
            connection.execute(f"GRANT CREATE ON SCHEMA public TO {owner}".encode())
            connection.execute(f"SET SESSION AUTHORIZATION {owner}".encode())
            for number, each in enumerate(what):
                connection.execute(PLANTED[each].format(schema=self.name, called=f"planted_{number}").encode())
        self.may_not_create()
        self.forget()

    def forget(self) -> None:
        """Of what ran until now nothing counts."""
        self.database.execute(f"ALTER ROLE {self.name} NOSUPERUSER")
        self.database.execute(f"ALTER SEQUENCE {self.name}.ran RESTART")

    def gained(self) -> list[str]:
        """What the role got: nothing, where all is well."""
        found = []
        if self.database.value(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{self.name}'"):
            found.append("superuser")
        if self.database.value(f"SELECT is_called FROM {self.name}.ran"):
            found.append("its code ran")
        return found

    def unplant(self) -> None:
        """Nothing of it is left, nor of what it planted."""
        self.database.execute(f"DROP SCHEMA {self.name} CASCADE")

    def may_work(self) -> None:
        """With migrator, as any owner of a table."""
        self.database.execute(f"GRANT CREATE ON DATABASE {self.name.rpartition('_')[0]} TO {self.name}")
        self.database.execute(f"GRANT CREATE ON SCHEMA public TO {self.name}")
        self.database.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO {self.name}")

    def may_not_create(self) -> None:
        """In the schema that others look names up in, which is refused to superusers by itself."""
        self.database.execute(f"REVOKE CREATE ON SCHEMA public FROM {self.name}")

    def owns_items(self) -> None:
        self.database.execute(f"GRANT USAGE ON SCHEMA public TO {self.name}")
        self.database.execute(f"ALTER TABLE items OWNER TO {self.name}")
