"""What the env.py of an Alembic project takes from migrator."""

from migrator.postgres.address import engine, sqlalchemy_url

__all__ = ["engine", "sqlalchemy_url"]
