"""``visavis look-alike``: people of whom a face alone is not enough."""

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.reason import reason_option
from visavis.cli.shell import Group, Shell, pass_shell


@click.group("look-alike", cls=Group)
def look_alike() -> None:
    """People who look alike: a PIN or QR code is asked of them beside their face, or a person looks."""


@look_alike.command("list")
@click.argument("gallery_id")
@reason_option
@list_options
@pass_shell
def list_all(shell: Shell, gallery_id: str, reason: str, after: str | None, limit: int) -> None:
    """Who looks like whom in a gallery, without names: found by the machine, declared, or said at a station."""
    with shell.operator() as server:
        page = gather(
            lambda after, limit: server.look_alikes(gallery_id, reason=reason, after=after, limit=limit),
            after=after,
            limit=limit,
        )
    show_page(shell, page, ["id", "subject_id", "other_subject_id", "source", "created_at"])


@look_alike.command()
@click.argument("gallery_id")
@click.argument("subject_id")
@click.argument("other_subject_id", required=False)
@pass_shell
def declare(shell: Shell, gallery_id: str, subject_id: str, other_subject_id: str | None) -> None:
    """Say that two people look alike, or one does to somebody who is not in the gallery: twins, relatives."""
    with shell.operator() as server:
        row = server.declare_look_alikes(gallery_id, subject_id=subject_id, other_subject_id=other_subject_id)
    show(shell, row)


@look_alike.command()
@click.argument("look_alike_id")
@pass_shell
def end(shell: Shell, look_alike_id: str) -> None:
    """Take back what was declared, or said at a station. What the machine found ends when it is not so any more."""
    with shell.operator() as server:
        server.end_look_alike(look_alike_id)
    show(shell, {"id": look_alike_id, "state": "ENDED"})
