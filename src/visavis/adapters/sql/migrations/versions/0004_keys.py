"""Keys of galleries, the count of what was destroyed, and the epoch that a person was erased in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "generations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
    )
    op.create_table(
        "gallery_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_gallery_keys_gallery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gallery_keys")),
        sa.UniqueConstraint("gallery_id", "version", name=op.f("uq_gallery_keys_gallery_id")),
    )
    with op.batch_alter_table("gallery_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gallery_keys_gallery_id"), ["gallery_id"], unique=False)
    with op.batch_alter_table("tombstones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("epoch", sa.Integer(), nullable=True))
