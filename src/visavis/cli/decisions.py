"""``visavis decisions``: what was decided."""

from datetime import UTC, datetime
from typing import Final

import click

from visavis.cli.output import gather, list_options, show_page
from visavis.cli.reason import reason_option
from visavis.cli.shell import Group, Shell, pass_shell

_MOMENT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.group(cls=Group)
def decisions() -> None:
    """What was decided."""


@decisions.command("list")
@click.argument("where", metavar="GALLERY_OR_PURPOSE")
@click.option("--station", "station_id", help="Those of one of its stations.")
@click.option("--since", type=_MOMENT, help="Those from then on (UTC), such as 2027-12-31 or 2027-12-31T18:30:00.")
@click.option("--until", type=_MOMENT, help="Those from before then (UTC).")
@reason_option
@list_options
@pass_shell
def list_all(
    shell: Shell,
    where: str,
    *,
    station_id: str | None,
    since: datetime | None,
    until: datetime | None,
    reason: str,
    after: str | None,
    limit: int,
) -> None:
    """Decisions of one gallery, or document checks of one purpose (pur_...), within retention.

    fmr_decade -4: at most 1 stranger in 10,000 scores this high.
    """
    with shell.operator() as server:
        ask = server.document_checks if where.startswith("pur_") else server.decisions
        page = gather(
            lambda after, limit: ask(
                where,
                reason=reason,
                station_id=station_id,
                since=_in_utc(since),
                until=_in_utc(until),
                after=after,
                limit=limit,
            ),
            after=after,
            limit=limit,
        )
    show_page(shell, page, ["decided_at", "kind", "means", "outcome", "reason", "subject_id", "fmr_decade"])


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
