"""``visavis review``: what waits for a person."""

from typing import Literal

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.reason import reason_option
from visavis.cli.shell import Group, Shell, pass_shell


@click.group(cls=Group)
def review() -> None:
    """What waits for a person: probable duplicates, photos that differ, look-alikes."""


@review.command("list")
@reason_option
@list_options
@pass_shell
def list_all(shell: Shell, reason: str, after: str | None, limit: int) -> None:
    """Everything that waits in your galleries."""
    with shell.operator() as server:
        page = gather(
            lambda after, limit: server.reviews(reason=reason, after=after, limit=limit), after=after, limit=limit
        )
    show_page(shell, page, ["id", "kind", "subject_id", "other_subject_id", "created_at"])


@review.command()
@click.argument("review_id")
@click.argument("resolution", type=click.Choice(["activate", "erase", "noted"]))
@click.option("--reason", help="Why, 1 to 200 characters: it is sealed, and kept with the entry in the log.")
@pass_shell
def resolve(
    shell: Shell, review_id: str, resolution: Literal["activate", "erase", "noted"], reason: str | None
) -> None:
    """End a review: held enrolments take 'activate' or 'erase', look-alikes 'noted'."""
    with shell.operator() as server:
        server.resolve_review(review_id, resolution, reason=reason)
    show(shell, {"id": review_id, "resolution": resolution})
