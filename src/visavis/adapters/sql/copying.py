"""All rows of one database put into another, whatever the two are: for backups, and for who moves to PostgreSQL."""

from typing import Final

import sqlalchemy as sa

from visavis.adapters.sql import tables

_AT_ONCE: Final = 1000


def copy_rows(source: sa.Connection, target: sa.Connection) -> None:
    """Put what one has into the place of what the other has; both have this release's schema.

    Neither transaction is begun or ended here: what is read is of one moment, and takes the other's place at one.
    """
    for table in reversed(tables.metadata.sorted_tables):
        target.execute(table.delete())
    for table in tables.metadata.sorted_tables:
        found = source.execution_options(yield_per=_AT_ONCE).execute(sa.select(table)).mappings()
        for rows in found.partitions():
            target.execute(table.insert(), [dict(row) for row in rows])
