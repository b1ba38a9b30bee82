"""Galleries and an end for API keys, an end for stations, records of readings, imports."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_imports_gallery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("gallery_id", "name", name=op.f("uq_imports_gallery_id")),
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imports_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_imports_gallery_id"), ["gallery_id"], unique=False)

    op.create_table(
        "readings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("read_by", sa.String(length=64), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=True),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_readings_gallery_id")),
        sa.ForeignKeyConstraint(["purpose_id"], ["purposes.id"], name=op.f("fk_readings_purpose_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    with op.batch_alter_table("readings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_readings_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_readings_gallery_id"), ["gallery_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_readings_purpose_id"), ["purpose_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_readings_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "import_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("import_id", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("enrolment_id", sa.String(length=64), nullable=True),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome <> 'ERASED' OR (subject_id IS NULL AND enrolment_id IS NULL AND length(sealed) = 0)",
            name=op.f("ck_import_entries_s1_erased"),
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_entries_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_entries")),
        sa.UniqueConstraint("import_id", "tag", name=op.f("uq_import_entries_import_id")),
    )
    with op.batch_alter_table("import_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_entries_enrolment_id"), ["enrolment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_entries_import_id"), ["import_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_entries_subject_id"), ["subject_id"], unique=False)

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gallery_ids", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_api_keys_expires_at"), ["expires_at"], unique=False)

    with op.batch_alter_table("stations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
