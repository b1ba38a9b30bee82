"""Stations, and what is decided at them and about people."""

import sqlalchemy as sa

from visavis.adapters.sql.tables.columns import Drawn, Moment, Named, id_, link, metadata
from visavis.model.decision import Means, Outcome, ReviewKind
from visavis.model.look_alike import LookAlikeSource
from visavis.model.station import SessionKind, SessionState

stations = sa.Table(
    "stations",
    metadata,
    id_(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    link("gallery_id", "galleries", optional=True),
    link("purpose_id", "purposes"),
    sa.Column("public_key", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("attended", sa.Boolean, nullable=False),
    sa.Column("locked", sa.Boolean, nullable=False),
    sa.Column("unmatched", sa.String(64), nullable=False),
    sa.Column("last_session_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("retired_at", Moment),
    sa.Column("proof", sa.LargeBinary, nullable=False, server_default=sa.text("x''")),
    sa.Column("attestation", sa.LargeBinary),
)
pairings = sa.Table(
    "pairings",
    metadata,
    sa.Column("id", sa.String(64), sa.ForeignKey("stations.id"), primary_key=True),
    sa.Column("code_tag", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("proof", sa.LargeBinary, nullable=False),
)
sessions = sa.Table(
    "sessions",
    metadata,
    id_(),
    sa.Column("kind", Named(SessionKind), nullable=False),
    sa.Column("state", Named(SessionState), nullable=False, index=True),
    sa.Column("station_id", sa.String(64), sa.ForeignKey("stations.id")),
    link("gallery_id", "galleries", optional=True),
    link("purpose_id", "purposes"),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("secret_hash", sa.LargeBinary, unique=True),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("challenge", Drawn),
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
    id_(),
    # Rule S2: no decision without a session, and one for each.
    sa.Column("session_id", sa.String(64), sa.ForeignKey("sessions.id"), nullable=False, unique=True),
    sa.Column("kind", Named(SessionKind), nullable=False),
    sa.Column("means", Named(Means), nullable=False),
    sa.Column("outcome", Named(Outcome), nullable=False),
    sa.Column("reason", sa.String(64)),
    link("station_id", "stations", optional=True),
    link("gallery_id", "galleries", optional=True),
    link("purpose_id", "purposes"),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("fmr_decade", sa.Integer),
    sa.Column("gallery_size", sa.Integer),
    sa.Column("model_id", sa.String(100)),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Column("disputed_at", Moment),
    # Which one of a station's is the newest.
    sa.Index("ix_decisions_station_decided", "station_id", "decided_at"),
    # Rule S3: a probe that matched nobody points at nobody.
    sa.CheckConstraint(
        "outcome IN ('MATCH', 'REVIEW') OR (subject_id IS NULL AND fmr_decade IS NULL)", name="s3_strangers"
    ),
)
reviews = sa.Table(
    "reviews",
    metadata,
    id_(),
    sa.Column("kind", Named(ReviewKind), nullable=False),
    link("gallery_id", "galleries"),
    link("subject_id", "subjects"),
    link("other_subject_id", "subjects", optional=True),
    link("enrolment_id", "enrolments", optional=True),
    sa.Column("created_at", Moment, nullable=False),
)
look_alikes = sa.Table(
    "look_alikes",
    metadata,
    id_(),
    link("gallery_id", "galleries"),
    link("subject_id", "subjects"),
    link("other_subject_id", "subjects", optional=True),
    sa.Column("source", Named(LookAlikeSource), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # What one says does not take the place of another's word, nor of what the machine found.
    sa.UniqueConstraint("subject_id", "other_subject_id", "source"),
    # One row a pair, whichever of the two was named first.
    sa.CheckConstraint("other_subject_id IS NULL OR subject_id < other_subject_id", name="smaller_first"),
)
