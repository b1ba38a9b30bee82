"""``visavis keys show`` and ``visavis keys rotate``: the keys that everything is sealed with."""

import click

from visavis.cli.output import show
from visavis.cli.shell import Command, Group, Shell, pass_shell


@click.command("show", cls=Command)
@pass_shell
def show_keys(shell: Shell) -> None:
    """Where the root key is, and the erasure epochs. No key is shown."""
    with shell.operator() as server:
        show(shell, server.keys())


@click.group(cls=Group)
def rotate() -> None:
    """Exchange a key while the server serves; nothing is lost where it is interrupted."""


@rotate.command()
@pass_shell
def root(shell: Shell) -> None:
    """Exchange the root key in its file. Custodians do so by 'visavis keys ceremony --replace'."""
    with shell.operator() as server:
        show(shell, server.rotate_root())


@rotate.command()
@pass_shell
def epoch(shell: Shell) -> None:
    """Begin a new erasure epoch now; one begins by itself every day."""
    with shell.operator() as server:
        show(shell, server.rotate_epoch())


@rotate.command()
@click.argument("gallery_id")
@pass_shell
def gallery(shell: Shell, gallery_id: str) -> None:
    """Exchange a gallery's key: every reference in it is transformed anew."""
    with shell.operator() as server:
        show(shell, server.rotate_gallery_key(gallery_id))


@rotate.command()
@click.argument("subject_id")
@pass_shell
def subject(shell: Shell, subject_id: str) -> None:
    """Exchange a person's key: everything that is kept of them is sealed anew."""
    with shell.operator() as server:
        server.rotate_subject_key(subject_id)
