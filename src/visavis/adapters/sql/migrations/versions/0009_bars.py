"""How many members a purpose may miss; how each gallery's bar moved, and what its own people say of error rates."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # Not as a batch: that would make the table anew, and drop the old one, which galleries refer to.
    op.add_column("purposes", sa.Column("max_fnmr", sa.Float(), server_default=sa.text("0.05"), nullable=False))
    op.create_table(
        "bar_moves",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=False),
        sa.Column("bar", sa.Float(), nullable=False),
        sa.Column("fmr", sa.Float(), nullable=False),
        sa.Column("references", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("is_present", sa.Boolean(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_bar_moves_gallery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bar_moves")),
    )
    op.create_index("ix_bar_moves_gallery_id_is_present", "bar_moves", ["gallery_id", "is_present"])
    op.create_table(
        "own_rates",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("comparisons", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.Float(), nullable=False),
        sa.Column("is_worse", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["galleries.id"], name=op.f("fk_own_rates_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_rates")),
    )
