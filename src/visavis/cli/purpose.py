"""``visavis purpose``: what people are asked to agree to."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.shell import Group, Shell, pass_shell, sure
from visavis.wire.setup import PurposeRequest

_TEXT_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_PRESETS = click.Choice(["63b", "63a-identify", "fido"])
_LIVENESS = click.Choice(["attended", "active", "passive", "active+attested"])


@click.group(cls=Group)
def purpose() -> None:
    """What people are asked to agree to."""


@purpose.command()
@click.option("--name", required=True)
@click.option("--controller", required=True, help="Who is responsible, as people know them.")
@click.option("--contact", required=True, help="Where people reach the controller.")
@click.option("--jurisdiction", required=True, help="Whose law applies, such as DE or US-IL.")
@click.option("--language", default="en", show_default=True, help="Of the text (BCP 47).")
@click.option("--text-file", type=_TEXT_FILE, required=True, help="What people read first; - for standard input.")
@click.option("--retention-days", type=int, required=True, help="How long a consent lasts, 1 to 1096.")
@click.option("--preset", type=_PRESETS, help="What a standard asks for, in place of the two that follow.")
@click.option("--target-kind", type=click.Choice(["fpir", "fmr"]), help="fpir for 1:N, fmr for 1:1.")
@click.option("--target", type=float, help="The error rate to hold, such as 0.01.")
@click.option("--max-fnmr", type=float, help="The share of members that may be missed. [0.05]")
@click.option("--liveness", type=_LIVENESS, default="attended", show_default=True)
@pass_shell
def create(shell: Shell, /, text_file: Path, **stated: Any) -> None:
    """State a purpose, with the first version of its text."""
    request = PurposeRequest(text=_read(text_file), **stated)
    with shell.operator() as server:
        show(shell, server.state_purpose(request))


@purpose.command()
@click.argument("purpose_id")
@click.option("--language", default="en", show_default=True)
@click.option("--text-file", type=_TEXT_FILE, required=True, help="The new wording; - for standard input.")
@pass_shell
def reword(shell: Shell, purpose_id: str, language: str, text_file: Path) -> None:
    """Give a purpose a new text, for people who are asked from now on."""
    with shell.operator() as server:
        show(shell, server.reword_purpose(purpose_id, text=_read(text_file), language=language))


@purpose.command()
@click.argument("purpose_id")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="A day to come (UTC), such as 2027-12-31. [now]")
@sure("From then on nobody is recognised for it, and everybody in it is erased; nobody can bring them back. End it?")
@pass_shell
def end(shell: Shell, purpose_id: str, at: datetime | None) -> None:
    """End a purpose, now or on a day to come. People who are asked until then are told the day."""
    with shell.operator() as server:
        show(shell, server.end_purpose(purpose_id, at=None if at is None else at.replace(tzinfo=UTC)))


@purpose.command("show")
@click.argument("purpose_id")
@pass_shell
def show_one(shell: Shell, purpose_id: str) -> None:
    """One purpose with its texts."""
    with shell.operator() as server:
        show(shell, server.purpose(purpose_id))


@purpose.command("list")
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """All purposes."""
    with shell.operator() as server:
        page = gather(server.purposes, after=after, limit=limit)
    show_page(shell, page, ["id", "name", "controller", "target_kind", "target", "max_fnmr", "capacity"])


def _read(path: Path) -> str:
    try:
        with click.open_file(str(path), encoding="utf-8") as file:
            return str(file.read()).strip()
    except ValueError:
        raise click.BadParameter(f"{path} is not UTF-8 text.", param_hint="--text-file") from None
