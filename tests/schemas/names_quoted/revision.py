"""It's "the" 100% {Table} %s: 16 -> 24 dimensions"""

from alembic import op

from migrator import Model

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.change_embedding(
        'It\'s "the" 100% {Table} %s',
        "Em bed.ding %(x)s",
        text="\"The Text; --\" || ' 50%'",
        from_=Model("python:tests.models:sixteen", dimensions=16),
        to=Model("python:tests.models:twenty_four", dimensions=24),
        schema="My Schema",
    )


def downgrade() -> None:
    op.restore_embedding('It\'s "the" 100% {Table} %s', "Em bed.ding %(x)s", schema="My Schema")
