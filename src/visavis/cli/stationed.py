"""``visavis identify``, ``verify``, ``pin`` and ``qr``: a station's attempts, one session each."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from visavis.cli.output import show
from visavis.cli.shell import DECISION_EPILOG, EXIT_CODES, Command, Shell, pass_shell
from visavis.client import SessionKind, StationClient, VisavisProblem, load_station_key
from visavis.client.photos import read_photo
from visavis.wire.deciding import DecisionAnswer, SessionAnswer


def station_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which station this is, and its key."""
    command = click.option(
        "--station-key",
        "key_file",
        envvar="VISAVIS_STATION_KEY",
        type=click.Path(path_type=Path),
        required=True,
        help="The station's key file. [VISAVIS_STATION_KEY]",
    )(command)
    return click.option(
        "--station",
        "station_id",
        envvar="VISAVIS_STATION",
        required=True,
        help="Identifier of the station. [VISAVIS_STATION]",
    )(command)


@click.command(cls=Command, epilog=DECISION_EPILOG)
@station_options
@click.argument("photo", type=click.Path(path_type=Path))
@pass_shell
def identify(shell: Shell, station_id: str, key_file: Path, photo: Path) -> None:
    """Who of the station's gallery is on PHOTO, or nobody (1:N)."""
    probe = read_photo(photo)
    with attempt(shell, station_id, key_file, "identify") as (station, session):
        answer = station.identify(session.session_id, photo=probe)
    tell(shell, answer)


@click.command(cls=Command, epilog=DECISION_EPILOG)
@station_options
@click.option("--reference", required=True, help="Who the person says they are.")
@click.argument("photo", type=click.Path(path_type=Path))
@pass_shell
def verify(shell: Shell, station_id: str, key_file: Path, reference: str, photo: Path) -> None:
    """Whether PHOTO shows the person who is named (1:1)."""
    probe = read_photo(photo)
    with attempt(shell, station_id, key_file, "verify") as (station, session):
        answer = station.verify(session.session_id, photo=probe, external_reference=reference)
    tell(shell, answer)


@click.command(cls=Command, epilog=DECISION_EPILOG)
@station_options
@click.option("--reference", required=True, help="Who the person says they are.")
@pass_shell
def pin(shell: Shell, station_id: str, key_file: Path, reference: str) -> None:
    """The way without a face: a PIN, typed or as a line on standard input, never as an argument others could read."""
    digits = _secret("PIN")
    with attempt(shell, station_id, key_file, "verify") as (station, session):
        answer = station.pin(session.session_id, external_reference=reference, pin=digits)
    tell(shell, answer)


@click.command(cls=Command, epilog=DECISION_EPILOG)
@station_options
@pass_shell
def qr(shell: Shell, station_id: str, key_file: Path) -> None:
    """The way without a face: a QR credential, scanned into the terminal or as a line on standard input."""
    text = _secret("QR")
    with attempt(shell, station_id, key_file, "verify") as (station, session):
        answer = station.qr(session.session_id, qr=text)
    tell(shell, answer)


@contextlib.contextmanager
def attempt(
    shell: Shell, station_id: str, key_file: Path, kind: SessionKind
) -> Iterator[tuple[StationClient, SessionAnswer]]:
    """A session for one attempt. It is given up where the attempt ends without a decision."""
    key = load_station_key(key_file)
    with StationClient(base_url=shell.url, station_id=station_id, private_key=key) as station:
        session = station.open_session(kind)
        try:
            yield station, session
        except BaseException:
            # The first failure is the one to tell; an unused session ends by itself within 120 s.
            with contextlib.suppress(VisavisProblem):
                station.close_session(session.session_id)
            raise


def tell(shell: Shell, answer: DecisionAnswer) -> None:
    """Show a decision and leave with its exit code."""
    if shell.as_json:
        show(shell, answer)
    else:
        fields = answer.model_dump(mode="json", exclude={"subject"})
        person = answer.subject
        show(shell, fields if person is None else {**fields, **person.model_dump(mode="json")})
    click.get_current_context().exit(EXIT_CODES[answer.decision])


def _secret(name: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()
