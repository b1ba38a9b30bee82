"""What shows that the server registered a station, and not somebody who could write to the database."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("stations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proof", sa.LargeBinary(), server_default=sa.text("x''"), nullable=False))
