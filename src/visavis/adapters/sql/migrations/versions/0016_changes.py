"""What server processes tell each other: whom and what they changed. PostgreSQL only; SQLite has one process."""

from typing import Final

from alembic import op

revision = "0016"
down_revision = "0015"

_WATCHED: Final = (
    ("references", "subject_id", "person", "INSERT OR UPDATE OR DELETE"),
    ("tombstones", "subject_id", "person", "INSERT"),
    ("subjects", "id", "person", "UPDATE OR DELETE"),
    ("enrolments", "subject_id", "person", "UPDATE OR DELETE"),
    ("receipts", "subject_id", "person", "UPDATE OR DELETE"),
    ("gallery_keys", "gallery_id", "keys", "INSERT"),
    ("own_rates", "id", "rates", "INSERT OR UPDATE OR DELETE"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE TABLE changes (number bigserial PRIMARY KEY, kind varchar(16) NOT NULL, id varchar(64) NOT NULL, "
        "origin varchar(64) NOT NULL, at timestamptz NOT NULL DEFAULT now())"
    )
    op.execute("CREATE INDEX ix_changes_at ON changes (at)")
    for table, column, kind, acts in _WATCHED:
        # In the transaction that changes: whoever sees the one sees the other. Told when it is committed.
        whose = f"CASE TG_OP WHEN 'DELETE' THEN OLD.{column} ELSE NEW.{column} END"
        row = f"('{kind}', {whose}, current_setting('application_name'))"
        body = f"BEGIN INSERT INTO changes (kind, id, origin) VALUES {row}; NOTIFY visavis; RETURN NULL; END"  # noqa: S608 -- our own names
        op.execute(f"CREATE FUNCTION {table}_changed() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        op.execute(
            f'CREATE TRIGGER {table}_changed AFTER {acts} ON "{table}" FOR EACH ROW EXECUTE FUNCTION {table}_changed()'
        )
