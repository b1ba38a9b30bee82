"""What was disputed is known by its row, and what one says of two people does not take the place of another's word."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # Not as a batch: that would make the table anew, and drop the old one.
    op.add_column("decisions", sa.Column("disputed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_decisions_station_decided"), "decisions", ["station_id", "decided_at"])
    with op.batch_alter_table("look_alikes", recreate="always") as table:
        table.drop_constraint(op.f("uq_look_alikes_subject_id"), type_="unique")
        table.create_unique_constraint(op.f("uq_look_alikes_subject_id"), ["subject_id", "other_subject_id", "source"])
