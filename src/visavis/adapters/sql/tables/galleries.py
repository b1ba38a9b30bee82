"""What people are asked, and the galleries they are enrolled in."""

import sqlalchemy as sa

from visavis.adapters.sql.tables.columns import Moment, Named, id_, link, metadata
from visavis.model.bar import BarSource
from visavis.model.purpose import LivenessMode, TargetKind

purposes = sa.Table(
    "purposes",
    metadata,
    id_(),
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
    id_(),
    link("purpose_id", "purposes"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("purpose_id", "version", "language"),
)
galleries = sa.Table(
    "galleries",
    metadata,
    id_(),
    link("purpose_id", "purposes"),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("model_id", sa.String(100), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
bar_moves = sa.Table(
    "bar_moves",
    metadata,
    id_(),
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
gallery_keys = sa.Table(
    "gallery_keys",
    metadata,
    id_(),
    link("gallery_id", "galleries"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("gallery_id", "version"),
)
