"""Where the servers of tests keep their data."""

from __future__ import annotations

import shutil
from pathlib import Path

_SHARED = Path("/dev/shm")
# Shared memory where it has room, so that nothing waits for a disk; None: where temporary files are.
MEMORY = _SHARED if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free > 4 * 2**30 else None
