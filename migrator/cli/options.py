"""Options that hold an upgrade or a downgrade back, and what they say to the run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.change import BATCH_SIZE
from migrator.embedding.limits import LARGEST_BATCH, MODEL_TIMEOUT_S, SMALLEST_BATCH

if TYPE_CHECKING:
    from migrator.runtime.throttle import Limits

# Those after which a run may stop. Written out, for help must not import them.
PHASES = ("preflight", "backup", "embed", "fill", "index", "verify", "cut-over")
_UNITS = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


class _Bytes(click.ParamType[int]):
    """A number of bytes, such as 500kB or 20MB."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"(\d+)\s*(kB|MB|GB|)", str(value))
        if found is None or not int(found[1]):
            self.fail(f"{value!r} is not a number of bytes: write it like 500kB or 20MB", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


_OPTIONS = (
    click.option("--max-rate", type=click.FloatRange(min=0, min_open=True), help="Rows, or texts, a second at most."),
    click.option(
        "--max-replica-lag",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Wait while a standby is further behind, by pg_stat_replication.",
    ),
    click.option("--standby-url", metavar="URL", help="With --max-replica-lag: a standby that is asked itself."),
    click.option("--max-wal-rate", type=_Bytes(), metavar="BYTES", help="WAL a second at most, such as 20MB."),
    click.option("--pause-file", type=click.Path(path_type=Path), help="Wait while this file exists."),
)
batch_size_option = click.option(
    "--batch-size",
    type=click.IntRange(*BATCH_SIZE),
    metavar="N",
    help="Texts a call of the model; goes before batch_size= of the revision.  "
    f"[{SMALLEST_BATCH}, growing to {LARGEST_BATCH:,} while calls are short]",
)
model_timeout_option = click.option(
    "--model-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=MODEL_TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long a model call may take.",
)
cutover_file_option = click.option(
    "--cutover-file", type=click.Path(path_type=Path), help="Hold the cut-over until this file exists."
)
quiet_triggers_option = click.option(
    "--quiet-triggers",
    is_flag=True,
    help="Disable your triggers in each transaction that fills rows; writers of the table wait for it. Without this "
    "option that is done in a window alone, and only by a role that may not set session_replication_role.",
)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Puts the options on a command, in that order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def limits(
    *,
    max_rate: float | None,
    max_replica_lag: float | None,
    standby_url: str | None,
    max_wal_rate: int | None,
    pause_file: Path | None,
) -> Limits:
    from migrator.postgres.address import address_of_url, sqlalchemy_url
    from migrator.runtime.throttle import Limits

    if standby_url is not None and max_replica_lag is None:
        raise click.UsageError("--standby-url says whom to ask: give --max-replica-lag SECONDS too")
    standby = address_of_url(sqlalchemy_url(standby_url)) if standby_url else None
    return Limits(max_rate, max_replica_lag, standby, max_wal_rate, pause_file)
