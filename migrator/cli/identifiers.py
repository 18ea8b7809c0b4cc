"""Names of tables and columns as a person writes them on the command line, bare or quoted as in SQL."""

from __future__ import annotations

import re

from migrator.errors import UsageError

_PART = r'"(?:[^"]|"")+"|[^".]+'


def parts(written: str, form: str) -> list[str]:
    """The names between the dots of `written`, without quotes. form: how it should have been written.

    Raises UsageError where they are more or fewer than `form` has.
    """
    most = form.count(".") + 1
    least = most - form.count("[")
    found = re.findall(_PART, written) if re.fullmatch(rf"(?:{_PART})(?:\.(?:{_PART}))*", written) else []
    if not least <= len(found) <= most:
        raise UsageError(
            f"{written} is not of the form {form}",
            remedy="write it so; a name that holds a dot stands in quotes, as in SQL",
        )
    return [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in found]
