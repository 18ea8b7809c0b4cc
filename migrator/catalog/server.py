"""The server: versions, extension, privileges, memory, and the disk where it can be seen."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from migrator import hazards
from migrator.catalog.rights import beyond
from migrator.hazards import Hazard
from migrator.postgres import lookup_path
from migrator.postgres.connection import Connection, configure, execute, fetch_dicts, fetch_row, search_path
from migrator.postgres.sql import query

# From then on the right to set a setting can be given to a role.
_GRANTS_SETTINGS = 150_000


@dataclass(frozen=True)
class LedgerSchema:
    """The schema migrator. installed: the ledger is in it. taken: it holds something else. owner: None: is not there.

    can_login: its owner can. role, session: at work, and what logged in. owned: by that role. readable: that role may
    read it. unsafe: what the session may, its owner may not, and gives the server away. strange: what migrator did not
    make and could run code when the ledger is read.
    """

    installed: bool
    taken: bool
    owner: str | None
    can_login: bool
    role: str
    session: str
    owned: bool
    readable: bool
    unsafe: list[str]
    strange: list[str]

    @property
    def trusted(self) -> bool:
        """Whether there is a ledger whose texts, models and definitions this session may use."""
        return self.installed and self.untrusted is None

    @property
    def untrusted(self) -> Hazard | None:
        """Why this session may not use it."""
        if self.owner is None:
            return None
        if self.unsafe:
            return hazards.rights.ledger_owner_has_fewer_rights(self.owner, self.can_login, self.session, self.unsafe)
        if not self.owned:
            return hazards.rights.ledger_of_another(self.owner, self.can_login, self.role)
        return self._planted

    @property
    def unreadable(self) -> Hazard | None:
        """Why this session may not even read it, as data."""
        if self.owner is not None and not self.readable:
            return hazards.rights.ledger_of_another(self.owner, self.can_login, self.role)
        return self._planted

    @property
    def _planted(self) -> Hazard | None:
        return hazards.rights.ledger_with_others_objects(self.owner or "", self.strange) if self.strange else None


@dataclass(frozen=True)
class Server:
    """The server as the role at work sees it. version as server_version_num; sizes in bytes.

    pgvector: version, None where the extension is not in this database. may_quiet_triggers: may set
    session_replication_role. member_of: roles that it may take by SET ROLE. data_directory: None where it may not be
    read.
    """

    version: int
    version_text: str
    pgvector: str | None
    pgvector_schema: str | None
    pgvector_available: bool
    role: str
    superuser: bool
    member_of: list[str]
    search_path: list[str]
    may_create: bool
    may_quiet_triggers: bool
    maintenance_work_mem: int
    data_directory: str | None
    unix_socket: bool
    standby: bool
    publications_of_all: list[str]

    @property
    def extension_schema(self) -> str:
        """The schema of pgvector's types and operators."""
        return self.pgvector_schema or "public"

    @property
    def lookup_path(self) -> list[str]:
        """Where names are looked up in SQL that is evaluated: as for the application, then in pgvector's schema.

        What compares two vectors without an operator's name, such as IS DISTINCT FROM, cannot name a schema.
        """
        return list(dict.fromkeys([*self.search_path, self.extension_schema]))

    @property
    def definition_path(self) -> list[str]:
        """The same for definitions as PostgreSQL prints them: they name every schema but pg_catalog."""
        return list(dict.fromkeys(["pg_catalog", *self.lookup_path]))

    @property
    def quiets_triggers(self) -> bool:
        """Whether ordinary triggers can be kept from firing by a setting."""
        return self.superuser or self.may_quiet_triggers

    @property
    def firing_states(self) -> str:
        """The states, as in pg_trigger.tgenabled, in which a trigger fires at migrator's updates."""
        return "AR" if self.quiets_triggers else "OA"

    @property
    def grants_settings(self) -> bool:
        """Whether a role can be given the right to keep them from firing."""
        return self.version >= _GRANTS_SETTINGS

    def free_disk(self) -> int | None:
        """Bytes free where the server's data lies; None where the server is elsewhere or does not tell."""
        if self.unix_socket and self.data_directory and os.path.isdir(self.data_directory):
            return shutil.disk_usage(self.data_directory).free
        return None


def set_lookup_path(connection: Connection, server: Server) -> str:
    """Looks names up from now on as Server.lookup_path says. Returns it as the setting, for other connections.

    Raises Refused where others may create there.
    """
    path = search_path(server.lookup_path)
    lookup_path.refuse(connection, server.lookup_path)
    configure(connection, {"search_path": path})
    return path


def require_pgvector(connection: Connection) -> Server:
    """As read_server. Raises Refused where pgvector is not in this database."""
    server = read_server(connection)
    if server.pgvector is None:
        raise hazards.server.no_pgvector(server.pgvector_available, read_ledger_schema(connection).installed).refusal()
    return server


def read_ledger_schema(connection: Connection) -> LedgerSchema:
    """Reads catalogs alone."""
    (row,) = fetch_dicts(connection, query("rights", "ledger", unsafe=beyond("n.nspowner")["unsafe"]))
    strange = [each for (each,) in execute(connection, query("rights", "strange"))] if row.pop("others") else []
    return LedgerSchema(**row, strange=strange)


def read_server(connection: Connection) -> Server:
    (row,) = fetch_dicts(connection, query("catalog", "server"))
    may = row["version"] >= _GRANTS_SETTINGS and fetch_row(connection, query("catalog", "may_quiet_triggers"))[0]
    return Server(may_quiet_triggers=may, **row)
