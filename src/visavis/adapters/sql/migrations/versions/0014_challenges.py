"""What was drawn for a session that asks for more than one photo."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # Not as a batch: that would make the table anew, and drop the old one.
    op.add_column("sessions", sa.Column("challenge", sa.Text, nullable=True))
