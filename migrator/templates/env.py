"""How Alembic reaches the database; `migrator` and plain `alembic` both run this file."""

from alembic import context

from migrator.env import engine

# The application's MetaData goes here, if `alembic revision --autogenerate` is to compare tables with models.
target_metadata = None

if context.is_offline_mode():
    # `alembic upgrade --sql` prints statements; migrator's own operations refuse it.
    context.configure(dialect_name="postgresql", target_metadata=target_metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine(context.config).connect() as connection:
        # Each revision commits by itself: when a later one fails, the earlier ones stay, and stay recorded.
        context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
