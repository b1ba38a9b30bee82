"""Who calls with a key, and what they read, bring and take away."""

import sqlalchemy as sa

from visavis.adapters.sql.tables.columns import Moment, Named, Texts, id_, link, metadata
from visavis.model.access import ReadingKind
from visavis.model.bulk import EntryOutcome
from visavis.model.export import ExportState

api_keys = sa.Table(
    "api_keys",
    metadata,
    id_(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", Texts, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("gallery_ids", Texts),
    sa.Column("expires_at", Moment, index=True),
    sa.Column("last_used_at", Moment),
)
accounts = sa.Table(
    "accounts",
    metadata,
    id_(),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("roles", Texts, nullable=False),
    sa.Column("gallery_ids", Texts),
    sa.Column("password_hash", sa.String(200)),
    sa.Column("sealed_totp", sa.LargeBinary),
    sa.Column("totp_step", sa.Integer, nullable=False),
    sa.Column("setup_tag", sa.LargeBinary, unique=True),
    sa.Column("setup_until", Moment),
    sa.Column("provider_tag", sa.LargeBinary, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("disabled_at", Moment),
    sa.Column("proof", sa.LargeBinary, nullable=False),
)
console_sessions = sa.Table(
    "console_sessions",
    metadata,
    id_(),
    link("account_id", "accounts"),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False, index=True),
    sa.Column("proof", sa.LargeBinary, nullable=False),
)
readings = sa.Table(
    "readings",
    metadata,
    id_(),
    sa.Column("kind", Named(ReadingKind), nullable=False),
    sa.Column("read_by", sa.String(64), nullable=False),
    link("gallery_id", "galleries", optional=True),
    link("purpose_id", "purposes"),
    sa.Column("subject_id", sa.String(64), index=True),
    sa.Column("sealed_reason", sa.LargeBinary, nullable=False),
    sa.Column("read_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
)
imports = sa.Table(
    "imports",
    metadata,
    id_(),
    link("gallery_id", "galleries"),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("made_by", sa.String(64), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.UniqueConstraint("gallery_id", "name"),
)
import_entries = sa.Table(
    "import_entries",
    metadata,
    id_(),
    link("import_id", "imports"),
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
    id_(),
    link("gallery_id", "galleries"),
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
