"""Where `migrator.env` was: the env.py of older projects goes on working, with a warning."""

import warnings

from migrator.env import engine, sqlalchemy_url

__all__ = ["engine", "sqlalchemy_url"]

warnings.warn(
    "migrator.address is now migrator.env; in env.py, write: from migrator.env import engine",
    FutureWarning,
    stacklevel=2,
)
