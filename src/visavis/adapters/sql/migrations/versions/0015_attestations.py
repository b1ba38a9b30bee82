"""Who vouches for a station's device."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # Not as a batch: that would make the table anew, and drop the old one.
    op.add_column("stations", sa.Column("attestation", sa.LargeBinary, nullable=True))
