"""What shows that the server registered a station, and not somebody who could write to the database."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Not as a batch: that would make the table anew, and drop the old one, which sessions refer to.
    nothing = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''")
    op.add_column("stations", sa.Column("proof", sa.LargeBinary(), server_default=nothing, nullable=False))
