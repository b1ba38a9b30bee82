"""``visavis gallery``: the references of one purpose."""

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.reason import reason_option
from visavis.cli.shell import Group, Shell, pass_shell


@click.group(cls=Group)
def gallery() -> None:
    """The references of one purpose."""


@gallery.command()
@click.option("--name", required=True)
@click.option("--purpose", "purpose_id", required=True, help="Identifier of the purpose.")
@pass_shell
def create(shell: Shell, name: str, purpose_id: str) -> None:
    """Open an empty gallery for a purpose."""
    with shell.operator() as server:
        show(shell, server.open_gallery(name=name, purpose_id=purpose_id))


@gallery.command("show")
@click.argument("gallery_id")
@pass_shell
def show_one(shell: Shell, gallery_id: str) -> None:
    """One gallery: what it promises at its size, what it cannot grow past, and how its bar moved."""
    with shell.operator() as server:
        show(shell, server.gallery(gallery_id))


@gallery.command()
@click.argument("gallery_id")
@pass_shell
def measure(shell: Shell, gallery_id: str) -> None:
    """Measure how alike the people of a gallery are, now. Each night the server does it by itself."""
    with shell.operator() as server:
        show(shell, server.measure_gallery(gallery_id))


@gallery.command("list")
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """All galleries of your key."""
    with shell.operator() as server:
        page = gather(server.galleries, after=after, limit=limit)
    show_page(shell, page, ["id", "name", "purpose_id", "references", "capacity", "bound", "model_id"])


@gallery.command()
@click.argument("gallery_id")
@reason_option
@list_options
@pass_shell
def subjects(shell: Shell, gallery_id: str, reason: str, after: str | None, limit: int) -> None:
    """The people of a gallery, without their names: 'visavis subject show' tells one."""
    with shell.operator() as server:
        page = gather(
            lambda after, limit: server.subjects(gallery_id, reason=reason, after=after, limit=limit),
            after=after,
            limit=limit,
        )
    show_page(shell, page, ["subject_id", "state", "created_at"])
