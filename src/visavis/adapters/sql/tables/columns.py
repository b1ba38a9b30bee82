"""What columns are made of: types, identifiers, references to other tables."""

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from visavis.model.challenge import Asked, Challenge, Step


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite forgets the zone, so it is put back, and PostgreSQL may tell it in another."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Refuse a time whose zone is not known."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Put the zone back."""
        if value is None:
            return None
        moment = cast("datetime", value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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


class Drawn(TypeDecorator[Challenge]):
    """A challenge, as JSON."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Challenge | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """The JSON."""
        if value is None:
            return None
        steps = [[asked.step.value, asked.pause_ms, asked.within_ms] for asked in value.steps]
        return json.dumps({"nonce": value.nonce, "steps": steps, "drawn_at": value.drawn_at.timestamp()})

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Challenge | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """The challenge; a row that nobody wrote raises ValueError or KeyError."""
        if value is None:
            return None
        drawn = json.loads(value)
        steps = tuple(Asked(Step(step), pause_ms, within_ms) for step, pause_ms, within_ms in drawn["steps"])
        return Challenge(drawn["nonce"], steps, datetime.fromtimestamp(drawn["drawn_at"], UTC))


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_() -> sa.Column[str]:
    """The identifier of a row."""
    return sa.Column("id", sa.String(64), primary_key=True)


def link(name: str, target: str, *, optional: bool = False) -> sa.Column[str]:
    """The identifier of a row of another table, and an index of it."""
    return sa.Column(name, sa.String(64), sa.ForeignKey(f"{target}.id"), nullable=optional, index=True)
