"""What attackers of a world need: who is recognised, a restart, and everything the database holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.world import Device, World, reopened_world, settings_in
from visavis.adapters.sql import tables


def who(world: World, station: Device, photo: bytes) -> str | None:
    """Whom a station is told to stand there, or nobody."""
    answer = world.identify(station, photo)
    return None if answer["subject"] is None else str(answer["subject"]["external_reference"])


def run(world: World, statement: str, *names: str | int) -> list[tuple[Any, ...]]:
    """What a vandal's statement gives; each ``{}`` in it stands for a name of ours."""
    return world.sql(statement.format(*names))


LOG = frozenset({"log_entries", "log_head", "log_openings"})
"""Tables of the transparency log, which has an entry of nearly everything."""


def dump(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, sorted."""
    return {
        table.name: sorted(run(world, 'SELECT * FROM "{}"', table.name), key=repr)
        for table in tables.metadata.sorted_tables
    }


@contextmanager
def restarted(world: World) -> Iterator[World]:
    """A second server over the same data, a little later."""
    with reopened_world(world.folder, settings_in(world.folder), world.secret) as again:
        again.clock.move(seconds=(world.clock.now() - again.clock.now()).total_seconds() + 5)
        yield again
