"""People, what they agreed to, and what is left of those who went."""

import sqlalchemy as sa

from visavis.adapters.sql.tables.columns import Moment, Named, Texts, id_, link, metadata
from visavis.model.consent import EnrolmentState, SubjectState

subjects = sa.Table(
    "subjects",
    metadata,
    id_(),
    link("gallery_id", "galleries"),
    sa.Column("state", Named(SubjectState), nullable=False),
    sa.Column("reference_tag", sa.LargeBinary, nullable=False),
    sa.Column("sealed_personal", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.LargeBinary),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("gallery_id", "reference_tag"),
    # Rule S1 as far as one row can tell: whoever agreed has a key of their own.
    sa.CheckConstraint("state NOT IN ('ACTIVE', 'HELD') OR public_key IS NOT NULL", name="s1_agreed_has_key"),
)
subject_keys = sa.Table(
    "subject_keys",
    metadata,
    sa.Column("id", sa.String(64), sa.ForeignKey("subjects.id"), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)
enrolments = sa.Table(
    "enrolments",
    metadata,
    id_(),
    link("subject_id", "subjects"),
    sa.Column("state", Named(EnrolmentState), nullable=False, index=True),
    sa.Column("link_hash", sa.LargeBinary, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)
receipts = sa.Table(
    "receipts",
    metadata,
    id_(),
    sa.Column("enrolment_id", sa.String(64), sa.ForeignKey("enrolments.id"), nullable=False, unique=True),
    link("subject_id", "subjects"),
    sa.Column("offer", sa.Text, nullable=False),
    sa.Column("countersignature", sa.Text),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    # Who loads a gallery asks for no more; the texts, two thirds of a database, then need not be read.
    sa.Index(
        "ix_receipts_agreed",
        "enrolment_id",
        "expires_at",
        "id",
        sqlite_where=sa.text("countersignature IS NOT NULL"),
        postgresql_where=sa.text("countersignature IS NOT NULL"),
    ),
)
references = sa.Table(
    "references",
    metadata,
    id_(),
    link("subject_id", "subjects"),
    link("enrolment_id", "enrolments"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("photo_tag", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("subject_id", "photo_tag"),
)
tombstones = sa.Table(
    "tombstones",
    metadata,
    id_(),
    sa.Column("subject_id", sa.String(64), nullable=False, unique=True),
    sa.Column("receipt_ids", Texts, nullable=False),
    sa.Column("reference_tag", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("keep_until", Moment, nullable=False),
    sa.Column("epoch", sa.Integer),
)
credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", sa.String(64), sa.ForeignKey("subjects.id"), primary_key=True),
    sa.Column("pin_hash", sa.String(200), nullable=False),
    sa.Column("qr_hash", sa.LargeBinary, nullable=False),
)
tries = sa.Table(
    "tries",
    metadata,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("forget_at", Moment, nullable=False),
)
