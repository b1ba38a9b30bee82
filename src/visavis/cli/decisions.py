"""``visavis decisions``: what was decided."""

import click

from visavis.cli.output import gather, list_options, show_page
from visavis.cli.shell import Group, Shell, pass_shell


@click.group(cls=Group)
def decisions() -> None:
    """What was decided."""


@decisions.command("list")
@click.option("--gallery", "gallery_id", help="Of this gallery only.")
@list_options
@pass_shell
def list_all(shell: Shell, gallery_id: str | None, after: str | None, limit: int) -> None:
    """Decisions within their purpose's retention. fmr_decade -4: at most 1 stranger in 10,000 scores this high."""
    with shell.operator() as server:
        page = gather(
            lambda after, limit: server.decisions(gallery_id=gallery_id, after=after, limit=limit),
            after=after,
            limit=limit,
        )
    show_page(shell, page, ["decided_at", "kind", "means", "outcome", "reason", "subject_id", "fmr_decade"])
