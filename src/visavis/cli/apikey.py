"""``visavis apikey``: who may call the server."""

from collections.abc import Sequence

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.shell import Group, Shell, pass_shell, progress, sure
from visavis.client import Scope


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
    type=click.Choice(["admin", "enrol", "operate", "export", "seal", "backup", "metrics", "audit", "approve"]),
    help="What it may do; give it once for each.",
)
@click.option(
    "--gallery",
    "gallery_ids",
    multiple=True,
    help="A gallery it is for; give it once for each. Without it, all. Not together with the scope 'admin'.",
)
@click.option("--days", type=click.IntRange(1, 3660), help="How long it can be used; without it, until it is revoked.")
@pass_shell
def create(shell: Shell, name: str, scopes: Sequence[Scope], gallery_ids: Sequence[str], days: int | None) -> None:
    """Make a key. Its secret is shown once."""
    with shell.operator() as server:
        key = server.make_api_key(name=name, scopes=scopes, gallery_ids=gallery_ids or None, expires_in_days=days)
    show(shell, key)
    progress().print("Keep the secret now: it is not stored and not shown again.")


@apikey.command("list")
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """All keys, without their secrets."""
    with shell.operator() as server:
        page = gather(server.api_keys, after=after, limit=limit)
    columns = ["id", "name", "scopes", "gallery_ids", "created_at", "last_used_at", "expires_at", "revoked_at"]
    show_page(shell, page, columns)


@apikey.command()
@click.argument("key_id")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the old key goes on working.",
)
@pass_shell
def rotate(shell: Shell, key_id: str, overlap_hours: int) -> None:
    """Make a key in another's place: same name, scopes and galleries. A key may rotate itself."""
    with shell.operator() as server:
        rotated = server.rotate_api_key(key_id, overlap_hours=overlap_hours)
    show(shell, rotated)
    progress().print("Keep the new secret now, and put it where the old one is used before that ends.")


@apikey.command()
@click.argument("key_id")
@sure("Whoever uses this key is locked out at once. Revoke it?")
@pass_shell
def revoke(shell: Shell, key_id: str) -> None:
    """End a key's use at once."""
    with shell.operator() as server:
        server.revoke_api_key(key_id)
    show(shell, {"id": key_id, "state": "REVOKED"})
