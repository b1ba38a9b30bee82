"""The schema. A column is named like the field it holds; rules that the database can hold are constraints here too."""

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from visavis.model.access import ReadingKind
from visavis.model.bar import BarSource
from visavis.model.bulk import EntryOutcome
from visavis.model.consent import EnrolmentState, SubjectState
from visavis.model.decision import Means, Outcome, ReviewKind
from visavis.model.export import ExportState
from visavis.model.purpose import LivenessMode, TargetKind
from visavis.model.station import SessionKind, SessionState


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite forgets the zone, so it is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Refuse a time whose zone is not known."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Put the zone back."""
        return None if value is None else cast("datetime", value).replace(tzinfo=UTC)


class Named(TypeDecorator[Enum]):
    """An enumeration by its value, as text that a person can read in the database."""

    impl = sa.String(32)
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Enum | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """The text."""
        return None if value is None else str(value.value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Enum | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """The member; an unknown text raises ValueError, as a row nobody wrote should."""
        return None if value is None else self.kind(value)


class Texts(TypeDecorator[tuple[str, ...]]):
    """A few short texts, as JSON."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """The JSON."""
        return None if value is None else json.dumps(list(value))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> tuple[str, ...] | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """The texts."""
        return None if value is None else tuple(json.loads(value))


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(64), primary_key=True)


def _link(name: str, target: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), sa.ForeignKey(f"{target}.id"), nullable=optional, index=True)


purposes = sa.Table(
    "purposes",
    metadata,
    _id(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("controller", sa.String(200), nullable=False),
    sa.Column("contact", sa.String(300), nullable=False),
    sa.Column("jurisdiction", sa.String(64), nullable=False),
    sa.Column("retention_days", sa.Integer, nullable=False),
    sa.Column("target_kind", Named(TargetKind), nullable=False),
    sa.Column("target", sa.Float, nullable=False),
    sa.Column("liveness", Named(LivenessMode), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, index=True),
    sa.Column("max_fnmr", sa.Float, nullable=False, server_default=sa.text("0.05")),
)
purpose_texts = sa.Table(
    "purpose_texts",
    metadata,
    _id(),
    _link("purpose_id", "purposes"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("purpose_id", "version", "language"),
)
galleries = sa.Table(
    "galleries",
    metadata,
    _id(),
    _link("purpose_id", "purposes"),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("model_id", sa.String(100), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
bar_moves = sa.Table(
    "bar_moves",
    metadata,
    _id(),
    sa.Column("gallery_id", sa.String(64), sa.ForeignKey("galleries.id"), nullable=False),
    sa.Column("bar", sa.Float, nullable=False),
    sa.Column("fmr", sa.Float, nullable=False),
    sa.Column("references", sa.Integer, nullable=False),
    sa.Column("source", Named(BarSource), nullable=False),
    sa.Column("is_present", sa.Boolean, nullable=False),
    sa.Column("moved_at", Moment, nullable=False),
    sa.Index("ix_bar_moves_gallery_id_is_present", "gallery_id", "is_present"),
)
own_rates = sa.Table(
    "own_rates",
    metadata,
    sa.Column("id", sa.String(64), sa.ForeignKey("galleries.id"), primary_key=True),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("comparisons", sa.BigInteger, nullable=False),
    sa.Column("floor", sa.Float, nullable=False),
    sa.Column("is_worse", sa.Boolean, nullable=False),
    sa.Column("points", sa.Text, nullable=False),
    sa.Column("measured_at", Moment, nullable=False),
)
subjects = sa.Table(
    "subjects",
    metadata,
    _id(),
    _link("gallery_id", "galleries"),
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
gallery_keys = sa.Table(
    "gallery_keys",
    metadata,
    _id(),
    _link("gallery_id", "galleries"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("gallery_id", "version"),
)
generations = sa.Table(
    "generations",
    metadata,
    _id(),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
enrolments = sa.Table(
    "enrolments",
    metadata,
    _id(),
    _link("subject_id", "subjects"),
    sa.Column("state", Named(EnrolmentState), nullable=False, index=True),
    sa.Column("link_hash", sa.LargeBinary, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)
receipts = sa.Table(
    "receipts",
    metadata,
    _id(),
    sa.Column("enrolment_id", sa.String(64), sa.ForeignKey("enrolments.id"), nullable=False, unique=True),
    _link("subject_id", "subjects"),
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
    _id(),
    _link("subject_id", "subjects"),
    _link("enrolment_id", "enrolments"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("photo_tag", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("subject_id", "photo_tag"),
)
tombstones = sa.Table(
    "tombstones",
    metadata,
    _id(),
    sa.Column("subject_id", sa.String(64), nullable=False, unique=True),
    sa.Column("receipt_ids", Texts, nullable=False),
    sa.Column("reference_tag", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("keep_until", Moment, nullable=False),
    sa.Column("epoch", sa.Integer),
)
stations = sa.Table(
    "stations",
    metadata,
    _id(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    _link("gallery_id", "galleries", optional=True),
    _link("purpose_id", "purposes"),
    sa.Column("public_key", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("attended", sa.Boolean, nullable=False),
    sa.Column("locked", sa.Boolean, nullable=False),
    sa.Column("unmatched", sa.String(64), nullable=False),
    sa.Column("last_session_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("retired_at", Moment),
    sa.Column("proof", sa.LargeBinary, nullable=False, server_default=sa.text("x''")),
)
sessions = sa.Table(
    "sessions",
    metadata,
    _id(),
    sa.Column("kind", Named(SessionKind), nullable=False),
    sa.Column("state", Named(SessionState), nullable=False, index=True),
    sa.Column("station_id", sa.String(64), sa.ForeignKey("stations.id")),
    _link("gallery_id", "galleries", optional=True),
    _link("purpose_id", "purposes"),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("secret_hash", sa.LargeBinary, unique=True),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Index("ix_sessions_station_id_state", "station_id", "state"),
    # Rule S2: 1:N and document checks exist at stations only, a personal session has its person, nobody has two.
    sa.CheckConstraint("(station_id IS NOT NULL) = (kind <> 'personal')", name="s2_station"),
    sa.CheckConstraint("(subject_id IS NOT NULL) = (kind = 'personal')", name="s2_person"),
    sa.Index(
        "uq_sessions_s2_one_open",
        "station_id",
        unique=True,
        sqlite_where=sa.text("state IN ('OPEN', 'AWAITING') AND station_id IS NOT NULL"),
        postgresql_where=sa.text("state IN ('OPEN', 'AWAITING') AND station_id IS NOT NULL"),
    ),
)
decisions = sa.Table(
    "decisions",
    metadata,
    _id(),
    # Rule S2: no decision without a session, and one for each.
    sa.Column("session_id", sa.String(64), sa.ForeignKey("sessions.id"), nullable=False, unique=True),
    sa.Column("kind", Named(SessionKind), nullable=False),
    sa.Column("means", Named(Means), nullable=False),
    sa.Column("outcome", Named(Outcome), nullable=False),
    sa.Column("reason", sa.String(64)),
    _link("station_id", "stations", optional=True),
    _link("gallery_id", "galleries", optional=True),
    _link("purpose_id", "purposes"),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("fmr_decade", sa.Integer),
    sa.Column("gallery_size", sa.Integer),
    sa.Column("model_id", sa.String(100)),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    # Rule S3: a probe that matched nobody points at nobody.
    sa.CheckConstraint(
        "outcome IN ('MATCH', 'REVIEW') OR (subject_id IS NULL AND fmr_decade IS NULL)", name="s3_strangers"
    ),
)
reviews = sa.Table(
    "reviews",
    metadata,
    _id(),
    sa.Column("kind", Named(ReviewKind), nullable=False),
    _link("gallery_id", "galleries"),
    _link("subject_id", "subjects"),
    _link("other_subject_id", "subjects", optional=True),
    _link("enrolment_id", "enrolments", optional=True),
    sa.Column("created_at", Moment, nullable=False),
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
api_keys = sa.Table(
    "api_keys",
    metadata,
    _id(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", Texts, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("gallery_ids", Texts),
    sa.Column("expires_at", Moment, index=True),
    sa.Column("last_used_at", Moment),
)
readings = sa.Table(
    "readings",
    metadata,
    _id(),
    sa.Column("kind", Named(ReadingKind), nullable=False),
    sa.Column("read_by", sa.String(64), nullable=False),
    _link("gallery_id", "galleries", optional=True),
    _link("purpose_id", "purposes"),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("sealed_reason", sa.LargeBinary, nullable=False),
    sa.Column("read_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)
imports = sa.Table(
    "imports",
    metadata,
    _id(),
    _link("gallery_id", "galleries"),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("made_by", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.UniqueConstraint("gallery_id", "name"),
)
import_entries = sa.Table(
    "import_entries",
    metadata,
    _id(),
    _link("import_id", "imports"),
    sa.Column("tag", sa.LargeBinary, nullable=False),
    sa.Column("outcome", Named(EntryOutcome), nullable=False),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("enrolment_id", sa.String(64), index=True),
    sa.Column("stored", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("import_id", "tag"),
    # Rule S1: who is erased leaves nothing here either.
    sa.CheckConstraint(
        "outcome <> 'ERASED' OR (subject_id IS NULL AND enrolment_id IS NULL AND length(sealed) = 0)", name="s1_erased"
    ),
)
exports = sa.Table(
    "exports",
    metadata,
    _id(),
    _link("gallery_id", "galleries"),
    sa.Column("state", Named(ExportState), nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("approvals", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)
nonces = sa.Table(
    "nonces",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)
answered = sa.Table(
    "answered",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("sealed_answer", sa.LargeBinary, nullable=False),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("expires_at", Moment, nullable=False),
)
log_entries = sa.Table(
    "log_entries",
    metadata,
    # The index of the entry: two writers cannot both have it.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
)
log_head = sa.Table(
    "log_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("edge", sa.LargeBinary, nullable=False),
    sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
)
log_openings = sa.Table(
    "log_openings",
    metadata,
    _id(),
    # Nobody without the subject's key can tell whose these are; so there is no column that names the subject.
    sa.Column("tag", sa.LargeBinary, nullable=False, index=True),
    sa.Column("entry_index", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Moment, index=True),
)
server = sa.Table(
    "server",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
