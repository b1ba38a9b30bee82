"""The newest part of the log, and what the server keeps for itself."""

import sqlalchemy as sa

from visavis.adapters.sql.tables.columns import Moment, id_, metadata

generations = sa.Table(
    "generations",
    metadata,
    id_(),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
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
    id_(),
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
