"""``visavis decisions``: what was decided."""

import click

from visavis.cli.output import gather, list_options, show_page
from visavis.cli.reason import reason_option
from visavis.cli.shell import Group, Shell, pass_shell


@click.group(cls=Group)
def decisions() -> None:
    """What was decided."""


@decisions.command("list")
@click.argument("where", metavar="GALLERY_OR_PURPOSE")
@reason_option
@list_options
@pass_shell
def list_all(shell: Shell, where: str, reason: str, after: str | None, limit: int) -> None:
    """Decisions of one gallery, or document checks of one purpose (pur_...), within retention.

    fmr_decade -4: at most 1 stranger in 10,000 scores this high.
    """
    with shell.operator() as server:
        ask = server.document_checks if where.startswith("pur_") else server.decisions
        page = gather(
            lambda after, limit: ask(where, reason=reason, after=after, limit=limit), after=after, limit=limit
        )
    show_page(shell, page, ["decided_at", "kind", "means", "outcome", "reason", "subject_id", "fmr_decade"])
