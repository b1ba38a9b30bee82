"""``visavis subject`` and ``visavis withdraw``: one person, for the operator who helps them."""

from pathlib import Path

import click

from visavis.cli.language import language_option
from visavis.cli.output import show, show_other_way
from visavis.cli.reason import reason_option, word_option
from visavis.cli.shell import Command, Group, Shell, pass_shell, sure
from visavis.client import Language, check_archive
from visavis.client.private_files import require_writable, write_private


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
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@language_option
@reason_option
@pass_shell
def archive(shell: Shell, subject_id: str, file: Path, reason: str, language: Language) -> None:
    """Everything that is held about somebody who asked for it, as a signed zip file to hand to them.

    It has no numbers of templates, and not their entries in the log: they get those with their receipt.
    """
    require_writable(file)
    with shell.operator() as server:
        data = server.subject_archive(subject_id, reason=reason, language=language)
    checked = check_archive(data)
    write_private(file, data)
    show(shell, {"subject_id": checked.subject_id, "file": str(file), "made_at": checked.made_at.isoformat()})


@subject.command()
@click.argument("subject_id")
@reason_option
@sure("The PIN and QR credential the person has now stop working. Make new ones?")
@pass_shell
def credentials(shell: Shell, subject_id: str, reason: str) -> None:
    """A new PIN and QR credential for somebody who lost theirs. They see who made them, and why."""
    with shell.operator() as server:
        other_way = server.new_credentials(subject_id, reason=reason)
    if shell.as_json:
        show(shell, other_way)
    else:
        show_other_way(other_way)


@click.command(cls=Command)
@click.argument("subject_id")
@word_option
@sure("The person's key, references and credentials are destroyed; nobody can bring them back. Withdraw?")
@pass_shell
def withdraw(shell: Shell, subject_id: str, reason: str) -> None:
    """Withdraw for somebody who asked for it."""
    with shell.operator() as server:
        server.withdraw(subject_id, reason=reason)
    show(shell, {"subject_id": subject_id, "state": "WITHDRAWN"})
