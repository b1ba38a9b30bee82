"""``visavis document-check``: a live portrait against a document, with its holder's leave."""

import time
from pathlib import Path
from typing import Final

import click

from visavis.cli.consent import require_agreement, tell_grant
from visavis.cli.output import draw
from visavis.cli.shell import DECISION_EPILOG, Command, Shell, pass_shell, progress
from visavis.cli.stationed import attempt, station_options, tell
from visavis.client import GrantLink, VisavisProblem
from visavis.client.photos import read_photo
from visavis.model.station import SessionUnknown

_LOOK_EVERY_S: Final = 2.0


@click.command("document-check", cls=Command, epilog=DECISION_EPILOG)
@station_options
@click.option("--grant-here", is_flag=True, help="The holder reads and agrees in this terminal.")
@click.argument("portrait", type=click.Path(path_type=Path))
@click.argument("document", type=click.Path(path_type=Path))
@pass_shell
def document_check(
    shell: Shell,
    *,
    station_id: str,
    key_file: Path,
    grant_here: bool,
    portrait: Path,
    document: Path,
) -> None:
    """Whether PORTRAIT and the picture in DOCUMENT show one person. Nothing is kept of either.

    The holder has to grant the check: the command shows a link and waits for them, 120 seconds at most.
    """
    live, held = read_photo(portrait), read_photo(document)
    with attempt(shell, station_id, key_file, "document_check") as (station, session):
        link = str(session.grant_link)
        if grant_here:
            _grant_here(link)
        else:
            _wait(shell, link)
        answer = station.document_check(session.session_id, portrait=live, document=held)
    tell(shell, answer)


def _grant_here(link: str) -> None:
    with GrantLink(link) as asked:
        terms = asked.terms()
        tell_grant(terms)
        require_agreement()
        asked.grant(terms)


def _wait(shell: Shell, link: str) -> None:
    """Until the link is used up: granted, or over, which the check itself then tells apart."""
    console = progress()
    console.print("The holder opens this link and agrees:")
    if shell.as_json:
        click.echo(link, err=True)
    else:
        draw(link)
    with GrantLink(link) as asked, console.status("Waiting for the holder"):
        while _awaited(asked):
            time.sleep(_LOOK_EVERY_S)


def _awaited(asked: GrantLink) -> bool:
    try:
        asked.terms()
    except VisavisProblem as problem:
        if problem.code == SessionUnknown.code:
            return False
        raise
    return True
