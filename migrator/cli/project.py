"""The Alembic project that a command works on: its configuration, its revisions, the database it means."""

from __future__ import annotations

import configparser
import os
import shlex
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.errors import UsageError

# Alembic takes half a second to import and `migrator --help` does without: hence the imports in functions.
if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from migrator.postgres.address import Address

# Where in click's context the arguments stand as they were given.
ARGUMENTS = "migrator.arguments"


@dataclass(frozen=True)
class Project:
    """What -c and --database-url say; the files are read when they are asked for.

    file: alembic.ini, or a pyproject.toml with a table [tool.alembic].
    """

    file: str
    database_url: str | None = None

    @cached_property
    def config(self) -> Config:
        """Alembic's configuration. Raises UsageError where there is none, or it cannot be read."""
        from alembic.config import Config

        file = Path(self.file)
        toml = file if file.suffix == ".toml" else file.with_name("pyproject.toml")
        ini = file.with_name("alembic.ini") if file.suffix == ".toml" else file
        if not ini.exists() and not has_alembic_table(toml):
            raise UsageError(
                f"there is no Alembic configuration: {self.file} was not found",
                remedy="migrator init makes one; or name yours: migrator -c FILE COMMAND",
            )
        config = Config(ini, toml_file=toml, stdout=sys.stdout)
        try:
            if not config.file_config.has_section(config.config_ini_section):
                config.file_config.add_section(config.config_ini_section)
            for option in ("script_location", "sqlalchemy.url"):
                config.get_main_option(option)
        except configparser.InterpolationError as error:
            # Its own message quotes the value, and the value may hold a password.
            raise UsageError(
                f"{self.file}: {error.option} holds a single %", remedy="write every % of its value twice"
            ) from None
        except configparser.Error as error:
            raise UsageError(
                f"{self.file} cannot be read: {error.message.splitlines()[0]}", remedy="correct that line"
            ) from None
        return config

    @cached_property
    def script(self) -> ScriptDirectory:
        """The revisions. They are read from their files when the first is asked for."""
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(self.config)
        # Alembic would say on standard output which files it writes, where results go.
        script.messaging_opts = {"quiet": True}
        return script

    def config_with_database(self, *, make: bool = False) -> Config:
        """Alembic's configuration, for commands that run env.py: it finds there which database is meant.

        Starts the private server where the URL is `embedded:DIRECTORY`. make: makes it too where it is not there yet.
        """
        config = self.config
        configured = config.get_main_option("sqlalchemy.url")
        if self.database_url is not None:
            config.attributes["migrator.database_url"] = self.database_url
        elif not (os.environ.get("MIGRATOR_DATABASE_URL") or os.environ.get("DATABASE_URL") or configured):
            # env.py has to know by itself.
            return config

        from migrator.postgres.address import configured_url, make_embedded, sqlalchemy_url

        url = configured_url(config)
        if make:
            make_embedded(url)
        # A URL of the project's own that names a driver stays: env.py may be written for that driver.
        if url != configured or url.startswith(("postgresql://", "postgres://", "embedded:")):
            for_env = sqlalchemy_url(url).render_as_string(hide_password=False)
            config.set_main_option("sqlalchemy.url", for_env.replace("%", "%%"))
        return config

    def connected_to(self, address: Address) -> Address:
        """What env.py connected to. Raises Refused where a URL given for this command names another database."""
        from migrator.postgres.address import refuse_elsewhere

        if self.asked_by is not None:
            refuse_elsewhere(address, self.database_url or os.environ["MIGRATOR_DATABASE_URL"], self.asked_by)
        return address

    @property
    def asked_by(self) -> str | None:
        """What gives a URL for this command alone; None where nothing does."""
        if self.database_url:
            return "--database-url"
        return "MIGRATOR_DATABASE_URL" if os.environ.get("MIGRATOR_DATABASE_URL") else None

    @property
    def option(self) -> str:
        """The -c that has to stand before a command named in a hint; "" where it is the default."""
        return "" if self.file == "alembic.ini" else f" -c {shlex.quote(self.file)}"


def has_alembic_table(pyproject: Path) -> bool:
    """Whether that pyproject.toml holds Alembic's configuration. Raises UsageError where it is no TOML."""
    if not pyproject.exists():
        return False
    try:
        return "alembic" in tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{pyproject} cannot be read: {error}", remedy="correct that line") from None
