"""``visavis account``: who logs in at the console."""

from collections.abc import Sequence

import click

from visavis.cli.output import gather, list_options, show, show_page, show_rows
from visavis.cli.shell import Group, Shell, pass_shell, progress, sure
from visavis.client import Role

_ROLES = click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(["admin", "operator", "auditor", "custodian", "caseworker"]),
    help="What they are there for; give it once for each.",
)
_GALLERIES = click.option(
    "--gallery",
    "gallery_ids",
    multiple=True,
    help="A gallery it is for; give it once for each. Without it, all. Not together with the role 'admin'.",
)
_HAND_OVER = "Hand the link to the person, and to nobody else: it works once, for one day."
_KEYS_LEFT = (
    "These API keys were made with it and still work. Revoke those that nobody else needs: visavis apikey revoke"
)
_KEYS_UNKNOWN = "Which API keys were made with it cannot be read any more: look through visavis apikey list."


@click.group(cls=Group)
def account() -> None:
    """Who logs in at the console."""


@account.command()
@click.argument("name")
@_ROLES
@_GALLERIES
@pass_shell
def add(shell: Shell, name: str, roles: Sequence[Role], gallery_ids: Sequence[str]) -> None:
    """Add an account. NAME is what they log in with; they choose a password at the one-time link that is shown."""
    with shell.operator() as server:
        made = server.add_account(name, roles=roles, gallery_ids=gallery_ids or None)
    show(shell, made)
    progress().print(_HAND_OVER)


@account.command("list")
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """All accounts."""
    with shell.operator() as server:
        page = gather(server.accounts, after=after, limit=limit)
    show_page(shell, page, ["id", "name", "roles", "gallery_ids", "state", "by_provider", "created_at", "disabled_at"])


@account.command("roles")
@click.argument("account_id")
@_ROLES
@_GALLERIES
@pass_shell
def change_roles(shell: Shell, account_id: str, roles: Sequence[Role], gallery_ids: Sequence[str]) -> None:
    """Give an account other roles and galleries, in place of those it has; they hold at once."""
    with shell.operator() as server:
        show(shell, server.change_roles(account_id, roles=roles, gallery_ids=gallery_ids or None))


@account.command()
@click.argument("account_id")
@sure("Their password and app stop working, and they are logged out. Make a new link?")
@pass_shell
def reset(shell: Shell, account_id: str) -> None:
    """Make a new one-time link for somebody who lost password or app, or who was disabled.

    A disabled account of an OpenID provider is open again, without a link.
    """
    with shell.operator() as server:
        made = server.reset_account(account_id)
    show(shell, made)
    if made.setup_link is not None:
        progress().print(_HAND_OVER)


@account.command()
@click.argument("account_id")
@sure("They are logged out at once and cannot log in again. Disable the account?")
@pass_shell
def disable(shell: Shell, account_id: str) -> None:
    """Let nobody log in with an account any more. What they did stays under its name."""
    with shell.operator() as server:
        ended = server.disable_account(account_id)
    if shell.as_json:
        show(shell, ended)
        return
    show(shell, {"id": ended.id, "state": ended.state})
    if ended.api_keys is None:
        progress().print(_KEYS_UNKNOWN)
    elif ended.api_keys:
        progress().print(_KEYS_LEFT)
        show_rows(
            shell, [key.model_dump(mode="json") for key in ended.api_keys], ("id", "name", "scopes", "created_at")
        )
