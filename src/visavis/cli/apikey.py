"""``visavis apikey``: who may call the server."""

from collections.abc import Sequence

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.shell import Group, Shell, pass_shell, progress, sure
from visavis.client.operating import Scope


@click.group(cls=Group)
def apikey() -> None:
    """Who may call the server."""


@apikey.command()
@click.option("--name", required=True, help="Who or what will use it.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["admin", "enrol", "operate"]),
    help="What it may do; give it once for each.",
)
@pass_shell
def create(shell: Shell, name: str, scopes: Sequence[Scope]) -> None:
    """Make a key. Its secret is shown once."""
    with shell.operator() as server:
        show(shell, server.make_api_key(name=name, scopes=scopes))
    progress().print("Keep the secret now: it is not stored and not shown again.")


@apikey.command("list")
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """All keys, without their secrets."""
    with shell.operator() as server:
        page = gather(server.api_keys, after=after, limit=limit)
    show_page(shell, page, ["id", "name", "scopes", "created_at", "revoked_at"])


@apikey.command()
@click.argument("key_id")
@sure("Whoever uses this key is locked out at once. Revoke it?")
@pass_shell
def revoke(shell: Shell, key_id: str) -> None:
    """End a key's use at once."""
    with shell.operator() as server:
        server.revoke_api_key(key_id)
    show(shell, {"id": key_id, "state": "REVOKED"})
