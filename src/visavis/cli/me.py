"""``visavis me``: a person with their receipt."""

from pathlib import Path

import click

from visavis.cli.output import show
from visavis.cli.shell import Group, Shell, pass_shell, sure
from visavis.client import Person, Receipt


@click.group(cls=Group)
def me() -> None:
    """What a person does with their receipt file."""


@me.command("show")
@click.argument("receipt", type=click.Path(path_type=Path))
@pass_shell
def show_held(shell: Shell, receipt: Path) -> None:
    """Everything that is held about you."""
    with Person(Receipt.load(receipt)) as person:
        show(shell, person.me())


@me.command()
@click.argument("receipt", type=click.Path(path_type=Path))
@sure("Everything held about you is destroyed; nobody can bring it back. Withdraw?")
@pass_shell
def withdraw(shell: Shell, receipt: Path) -> None:
    """Take your consent back. You are not recognised any more."""
    held = Receipt.load(receipt)
    with Person(held) as person:
        person.withdraw()
    show(shell, {"subject_id": held.subject_id, "state": "WITHDRAWN"})
