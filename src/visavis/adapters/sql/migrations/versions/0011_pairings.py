"""One-time codes for devices."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "pairings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("code_tag", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["stations.id"], name=op.f("fk_pairings_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
        sa.UniqueConstraint("code_tag", name=op.f("uq_pairings_code_tag")),
    )
    op.create_index(op.f("ix_pairings_expires_at"), "pairings", ["expires_at"])
