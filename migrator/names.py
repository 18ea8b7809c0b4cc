"""Every name that migrator gives to an object of the database."""

from __future__ import annotations

import hashlib

import msgspec

from migrator.change import Model

# The schema of ledger, backups and stores.
SCHEMA = "migrator"
# What the names of capture triggers begin with, whichever change's. "~" sorts after letters, digits and underscores:
# BEFORE triggers fire in byte order of their names.
CAPTURE = "~migrator_capture_"


def is_own(called: str) -> bool:
    """Whether it is migrator's, by its name; that of its trigger begins with "~"."""
    return called.removeprefix("~").startswith("migrator_")


def retired_column(change: int) -> str:
    """What the live column is called from the change's cut-over on."""
    return f"migrator_retired_{change}"


def shadow_column(change: int) -> str:
    """What the column is called that the change fills, until its cut-over."""
    return f"migrator_shadow_{change}"


def capture_trigger(change: int) -> str:
    return f"{CAPTURE}{change}"


def capture_function(change: int) -> str:
    return f"capture_{change}"


def lookup_function(change: int) -> str:
    """The function that gives capture the vector of a text's hash."""
    return f"lookup_{change}"


def missed_writes(change: int) -> str:
    """The sequence that counts writes for which capture had no vector."""
    return f"missed_{change}"


def edited_texts(change: int) -> str:
    """The sequence that counts texts edited before cut-over, their live vectors staying as they were."""
    return f"edited_{change}"


def backup_table(change: int) -> str:
    return f"backup_{change}"


def temporary_index(change: int, number: int) -> str:
    """What an index that is built is called until cut-over."""
    return f"migrator_index_{change}_{number}"


def kept_index(change: int, number: int) -> str:
    """What an old vector index is called while it stays with the retired column."""
    return f"{retired_column(change)}_{number}"


def left_index(change: int) -> str:
    """The index on the rows without a vector, from index to settle."""
    return f"migrator_left_{change}"


def store_name(model: Model) -> str:
    """The embedding store's table: one for all models that give documents the same vectors."""
    key = msgspec.json.encode(model.of_documents, order="deterministic")
    return f"store_{hashlib.sha256(key).hexdigest()[:16]}"


def fitting(wanted: str) -> str:
    """The name within PostgreSQL's 63 bytes; a long one ends in its hash, so that two of them stay apart."""
    encoded = wanted.encode()
    if len(encoded) <= 63:
        return wanted
    return f"{encoded[:54].decode(errors='ignore')}_{hashlib.sha256(encoded).hexdigest()[:8]}"
