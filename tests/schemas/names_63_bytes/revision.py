"""a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        "a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl",
        "a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu",
        text='"ééééééééééééééééééééééééééééééé"',
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
    )


def downgrade() -> None:
    op.restore_embedding(
        "a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_tabl",
        "a_name_of_as_many_bytes_as_postgresql_takes_which_is_sixty_colu",
    )
