"""``visavis readings``: who read about people, and why."""

import click

from visavis.cli.output import gather, list_options, show_page
from visavis.cli.reason import reason_option
from visavis.cli.shell import Group, Shell, pass_shell


@click.group(cls=Group)
def readings() -> None:
    """Who read about people, and why."""


@readings.command("list")
@click.argument("where", metavar="GALLERY_OR_PURPOSE")
@reason_option
@list_options
@pass_shell
def list_all(shell: Shell, where: str, reason: str, after: str | None, limit: int) -> None:
    """Who read about the people of one gallery, or the document checks of one purpose (pur_...), within retention.

    Reading this is recorded as well.
    """
    with shell.operator() as server:
        ask = server.document_check_readings if where.startswith("pur_") else server.readings
        page = gather(
            lambda after, limit: ask(where, reason=reason, after=after, limit=limit), after=after, limit=limit
        )
    show_page(shell, page, ["read_at", "kind", "key_name", "reason", "subject_id"])
