"""What loading a gallery asks of receipts, without reading the long texts in them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    agreed = sa.text("countersignature IS NOT NULL")
    columns = ["enrolment_id", "expires_at", "id"]
    op.create_index("ix_receipts_agreed", "receipts", columns, sqlite_where=agreed, postgresql_where=agreed)
