"""People whom the model could take for one another."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "look_alikes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("other_subject_id", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "other_subject_id IS NULL OR subject_id < other_subject_id", name=op.f("ck_look_alikes_smaller_first")
        ),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_look_alikes_gallery_id")),
        sa.ForeignKeyConstraint(["other_subject_id"], ["subjects.id"], name=op.f("fk_look_alikes_other_subject_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_look_alikes_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look_alikes")),
        sa.UniqueConstraint("subject_id", "other_subject_id", name=op.f("uq_look_alikes_subject_id")),
    )
    op.create_index(op.f("ix_look_alikes_gallery_id"), "look_alikes", ["gallery_id"])
    op.create_index(op.f("ix_look_alikes_other_subject_id"), "look_alikes", ["other_subject_id"])
    op.create_index(op.f("ix_look_alikes_subject_id"), "look_alikes", ["subject_id"])
