"""When a purpose ends; and counts of wrong tries, of which some had no end, end."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_LONGEST = timedelta(days=1096)


def upgrade() -> None:
    with op.batch_alter_table("purposes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_purposes_ends_at"), ["ends_at"], unique=False)
    tries = sa.table("tries", sa.column("forget_at", sa.DateTime(timezone=True)))
    until = datetime.now(UTC) + _LONGEST
    op.execute(sa.update(tries).where(tries.c.forget_at > until).values(forget_at=until))
