"""``visavis subject`` and ``visavis withdraw``: one person, for the operator who helps them."""

import click

from visavis.cli.output import show, show_other_way
from visavis.cli.reason import reason_option
from visavis.cli.shell import Command, Group, Shell, pass_shell, sure


@click.group(cls=Group)
def subject() -> None:
    """One person."""


@subject.command("show")
@click.argument("subject_id", required=False)
@click.option("--gallery", "gallery_id", help="Together with --reference, instead of SUBJECT_ID.")
@click.option("--reference", help="Your own name for the person.")
@reason_option
@pass_shell
def show_one(shell: Shell, subject_id: str | None, gallery_id: str | None, reference: str | None, reason: str) -> None:
    """Everything that is held about one person."""
    with shell.operator() as server:
        if subject_id is not None and gallery_id is None and reference is None:
            show(shell, server.subject(subject_id, reason=reason))
        elif subject_id is None and gallery_id is not None and reference is not None:
            found = server.subject_by_reference(gallery_id, external_reference=reference, reason=reason)
            show(shell, found)
        else:
            raise click.UsageError("Name either SUBJECT_ID, or --gallery and --reference.")


@subject.command()
@click.argument("subject_id")
@sure("The PIN and QR credential the person has now stop working. Make new ones?")
@pass_shell
def credentials(shell: Shell, subject_id: str) -> None:
    """A new PIN and QR credential for somebody who lost theirs."""
    with shell.operator() as server:
        other_way = server.new_credentials(subject_id)
    if shell.as_json:
        show(shell, other_way)
    else:
        show_other_way(other_way)


@click.command(cls=Command)
@click.argument("subject_id")
@sure("The person's key, references and credentials are destroyed; nobody can bring them back. Withdraw?")
@pass_shell
def withdraw(shell: Shell, subject_id: str) -> None:
    """Withdraw for somebody who asked for it."""
    with shell.operator() as server:
        server.withdraw(subject_id)
    show(shell, {"subject_id": subject_id, "state": "WITHDRAWN"})
