"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "answered",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered")),
    )
    op.create_index(op.f("ix_answered_subject_id"), "answered", ["subject_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_table(
        "nonces",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nonces")),
    )
    op.create_index(op.f("ix_nonces_expires_at"), "nonces", ["expires_at"], unique=False)
    op.create_table(
        "purposes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("controller", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=300), nullable=False),
        sa.Column("jurisdiction", sa.String(length=64), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("target_kind", sa.String(32), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("liveness", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purposes")),
        sa.UniqueConstraint("name", name=op.f("uq_purposes_name")),
    )
    op.create_table(
        "server",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server")),
    )
    op.create_table(
        "tombstones",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("receipt_ids", sa.Text(), nullable=False),
        sa.Column("reference_tag", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstones")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_tombstones_subject_id")),
    )
    op.create_table(
        "tries",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tries")),
    )
    op.create_table(
        "galleries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("model_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["purpose_id"], ["purposes.id"], name=op.f("fk_galleries_purpose_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_galleries")),
        sa.UniqueConstraint("name", name=op.f("uq_galleries_name")),
    )
    op.create_index(op.f("ix_galleries_purpose_id"), "galleries", ["purpose_id"], unique=False)
    op.create_table(
        "purpose_texts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["purpose_id"], ["purposes.id"], name=op.f("fk_purpose_texts_purpose_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purpose_texts")),
        sa.UniqueConstraint("purpose_id", "version", "language", name=op.f("uq_purpose_texts_purpose_id")),
    )
    op.create_index(op.f("ix_purpose_texts_purpose_id"), "purpose_texts", ["purpose_id"], unique=False)
    op.create_table(
        "stations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=True),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("attended", sa.Boolean(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("unmatched", sa.String(length=64), nullable=False),
        sa.Column("last_session_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_stations_gallery_id")),
        sa.ForeignKeyConstraint(["purpose_id"], ["purposes.id"], name=op.f("fk_stations_purpose_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        sa.UniqueConstraint("name", name=op.f("uq_stations_name")),
        sa.UniqueConstraint("public_key", name=op.f("uq_stations_public_key")),
    )
    op.create_index(op.f("ix_stations_gallery_id"), "stations", ["gallery_id"], unique=False)
    op.create_index(op.f("ix_stations_purpose_id"), "stations", ["purpose_id"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reference_tag", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_personal", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state NOT IN ('ACTIVE', 'HELD') OR public_key IS NOT NULL", name=op.f("ck_subjects_s1_agreed_has_key")
        ),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_subjects_gallery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subjects")),
        sa.UniqueConstraint("gallery_id", "reference_tag", name=op.f("uq_subjects_gallery_id")),
    )
    op.create_index(op.f("ix_subjects_gallery_id"), "subjects", ["gallery_id"], unique=False)
    op.create_table(
        "credentials",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("qr_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["subjects.id"], name=op.f("fk_credentials_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "enrolments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_enrolments_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_enrolments_link_hash")),
    )
    op.create_index(op.f("ix_enrolments_expires_at"), "enrolments", ["expires_at"], unique=False)
    op.create_index(op.f("ix_enrolments_state"), "enrolments", ["state"], unique=False)
    op.create_index(op.f("ix_enrolments_subject_id"), "enrolments", ["subject_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("station_id", sa.String(length=64), nullable=True),
        sa.Column("gallery_id", sa.String(length=64), nullable=True),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(station_id IS NOT NULL) = (kind <> 'personal')", name=op.f("ck_sessions_s2_station")),
        sa.CheckConstraint("(subject_id IS NOT NULL) = (kind = 'personal')", name=op.f("ck_sessions_s2_person")),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_sessions_gallery_id")),
        sa.ForeignKeyConstraint(["purpose_id"], ["purposes.id"], name=op.f("fk_sessions_purpose_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_sessions_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sessions_secret_hash")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_gallery_id"), "sessions", ["gallery_id"], unique=False)
    op.create_index(op.f("ix_sessions_purpose_id"), "sessions", ["purpose_id"], unique=False)
    op.create_index(op.f("ix_sessions_state"), "sessions", ["state"], unique=False)
    op.create_index("ix_sessions_station_id_state", "sessions", ["station_id", "state"], unique=False)
    op.create_index(op.f("ix_sessions_subject_id"), "sessions", ["subject_id"], unique=False)
    op.create_index(
        "uq_sessions_s2_one_open",
        "sessions",
        ["station_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('OPEN', 'AWAITING') AND station_id IS NOT NULL"),
        postgresql_where=sa.text("state IN ('OPEN', 'AWAITING') AND station_id IS NOT NULL"),
    )
    op.create_table(
        "subject_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["subjects.id"], name=op.f("fk_subject_keys_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_keys")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("means", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("station_id", sa.String(length=64), nullable=True),
        sa.Column("gallery_id", sa.String(length=64), nullable=True),
        sa.Column("purpose_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("fmr_decade", sa.Integer(), nullable=True),
        sa.Column("gallery_size", sa.Integer(), nullable=True),
        sa.Column("model_id", sa.String(length=100), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('MATCH', 'REVIEW') OR (subject_id IS NULL AND fmr_decade IS NULL)",
            name=op.f("ck_decisions_s3_strangers"),
        ),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_decisions_gallery_id")),
        sa.ForeignKeyConstraint(["purpose_id"], ["purposes.id"], name=op.f("fk_decisions_purpose_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_decisions_session_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_decisions_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("session_id", name=op.f("uq_decisions_session_id")),
    )
    op.create_index(op.f("ix_decisions_expires_at"), "decisions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_decisions_gallery_id"), "decisions", ["gallery_id"], unique=False)
    op.create_index(op.f("ix_decisions_purpose_id"), "decisions", ["purpose_id"], unique=False)
    op.create_index(op.f("ix_decisions_station_id"), "decisions", ["station_id"], unique=False)
    op.create_index(op.f("ix_decisions_subject_id"), "decisions", ["subject_id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("enrolment_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("countersignature", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolments.id"], name=op.f("fk_receipts_enrolment_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_receipts_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("enrolment_id", name=op.f("uq_receipts_enrolment_id")),
    )
    op.create_index(op.f("ix_receipts_expires_at"), "receipts", ["expires_at"], unique=False)
    op.create_index(op.f("ix_receipts_subject_id"), "receipts", ["subject_id"], unique=False)
    op.create_table(
        "references",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("enrolment_id", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("photo_tag", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolments.id"], name=op.f("fk_references_enrolment_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_references_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_references")),
        sa.UniqueConstraint("subject_id", "photo_tag", name=op.f("uq_references_subject_id")),
    )
    op.create_index(op.f("ix_references_enrolment_id"), "references", ["enrolment_id"], unique=False)
    op.create_index(op.f("ix_references_subject_id"), "references", ["subject_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("gallery_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("other_subject_id", sa.String(length=64), nullable=True),
        sa.Column("enrolment_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolments.id"], name=op.f("fk_reviews_enrolment_id")),
        sa.ForeignKeyConstraint(["gallery_id"], ["galleries.id"], name=op.f("fk_reviews_gallery_id")),
        sa.ForeignKeyConstraint(["other_subject_id"], ["subjects.id"], name=op.f("fk_reviews_other_subject_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name=op.f("fk_reviews_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_enrolment_id"), "reviews", ["enrolment_id"], unique=False)
    op.create_index(op.f("ix_reviews_gallery_id"), "reviews", ["gallery_id"], unique=False)
    op.create_index(op.f("ix_reviews_other_subject_id"), "reviews", ["other_subject_id"], unique=False)
    op.create_index(op.f("ix_reviews_subject_id"), "reviews", ["subject_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_reviews_subject_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_other_subject_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_gallery_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_enrolment_id"), table_name="reviews")
    op.drop_table("reviews")
    op.drop_index(op.f("ix_references_subject_id"), table_name="references")
    op.drop_index(op.f("ix_references_enrolment_id"), table_name="references")
    op.drop_table("references")
    op.drop_index(op.f("ix_receipts_subject_id"), table_name="receipts")
    op.drop_index(op.f("ix_receipts_expires_at"), table_name="receipts")
    op.drop_table("receipts")
    op.drop_index(op.f("ix_decisions_subject_id"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_station_id"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_purpose_id"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_gallery_id"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_expires_at"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("subject_keys")
    op.drop_index(
        "uq_sessions_s2_one_open",
        table_name="sessions",
        sqlite_where=sa.text("state IN ('OPEN', 'AWAITING') AND station_id IS NOT NULL"),
        postgresql_where=sa.text("state IN ('OPEN', 'AWAITING') AND station_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_sessions_subject_id"), table_name="sessions")
    op.drop_index("ix_sessions_station_id_state", table_name="sessions")
    op.drop_index(op.f("ix_sessions_state"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_purpose_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_gallery_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_enrolments_subject_id"), table_name="enrolments")
    op.drop_index(op.f("ix_enrolments_state"), table_name="enrolments")
    op.drop_index(op.f("ix_enrolments_expires_at"), table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_table("credentials")
    op.drop_index(op.f("ix_subjects_gallery_id"), table_name="subjects")
    op.drop_table("subjects")
    op.drop_index(op.f("ix_stations_purpose_id"), table_name="stations")
    op.drop_index(op.f("ix_stations_gallery_id"), table_name="stations")
    op.drop_table("stations")
    op.drop_index(op.f("ix_purpose_texts_purpose_id"), table_name="purpose_texts")
    op.drop_table("purpose_texts")
    op.drop_index(op.f("ix_galleries_purpose_id"), table_name="galleries")
    op.drop_table("galleries")
    op.drop_table("tries")
    op.drop_table("tombstones")
    op.drop_table("server")
    op.drop_table("purposes")
    op.drop_index(op.f("ix_nonces_expires_at"), table_name="nonces")
    op.drop_table("nonces")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_answered_subject_id"), table_name="answered")
    op.drop_table("answered")
