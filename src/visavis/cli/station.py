"""``visavis station``: the devices people stand in front of."""

from pathlib import Path

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.shell import Group, Shell, pass_shell, sure
from visavis.client import load_station_key, make_station_key, public_key_text
from visavis.wire.setup import StationRequest


@click.group(cls=Group)
def station() -> None:
    """The devices people stand in front of."""


@station.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_shell
def key(shell: Shell, file: Path) -> None:
    """Make a station's key in FILE (mode 0600) and show its public half. Run it on the station: the key stays there."""
    show(shell, {"file": str(file), "public_key": public_key_text(make_station_key(file))})


_KEY_FILE = click.option(
    "--key", "key_file", type=click.Path(path_type=Path), help="The station's key file; it is not sent."
)
_PUBLIC_KEY = click.option("--public-key", help="Or its public half, where the key file is elsewhere.")


@station.command()
@click.option("--name", required=True)
@click.option("--gallery", "gallery_id", help="Identify and verify the people of this gallery.")
@click.option("--purpose", "purpose_id", help="Or check documents for this purpose.")
@_KEY_FILE
@_PUBLIC_KEY
@click.option("--attended/--unattended", required=True, help="Whether a person watches this station.")
@pass_shell
def create(
    shell: Shell,
    *,
    name: str,
    gallery_id: str | None,
    purpose_id: str | None,
    key_file: Path | None,
    public_key: str | None,
    attended: bool,
) -> None:
    """Register a station. Without a key nothing can sign for it until a tablet is paired with it: 'station pair'."""
    if (gallery_id is None) == (purpose_id is None):
        raise click.UsageError("Name either --gallery or --purpose.")
    text = None if key_file is None and public_key is None else _public_text(key_file, public_key)
    request = StationRequest(
        name=name, gallery_id=gallery_id, purpose_id=purpose_id, public_key=text, attended=attended
    )
    with shell.operator() as server:
        show(shell, server.register_station(request))


@station.command("show")
@click.argument("station_id")
@pass_shell
def show_one(shell: Shell, station_id: str) -> None:
    """One station, and whether it is locked."""
    with shell.operator() as server:
        show(shell, server.station(station_id))


@station.command("list")
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """All stations."""
    with shell.operator() as server:
        page = gather(server.stations, after=after, limit=limit)
    show_page(
        shell,
        page,
        ["id", "name", "gallery_id", "purpose_id", "attended", "locked", "drift", "attested_until", "retired_at"],
    )


@station.command()
@click.argument("station_id")
@pass_shell
def reopen(shell: Shell, station_id: str) -> None:
    """Unlock a station that you have looked at."""
    with shell.operator() as server:
        show(shell, server.reopen_station(station_id))


@station.command()
@click.argument("station_id")
@pass_shell
def pair(shell: Shell, station_id: str) -> None:
    """Show a one-time code for the tablet that is to be this station; type it there at the server's page /station."""
    with shell.operator() as server:
        show(shell, server.offer_pairing(station_id))


@station.command()
@click.argument("station_id")
@_KEY_FILE
@_PUBLIC_KEY
@pass_shell
def rekey(shell: Shell, *, station_id: str, key_file: Path | None, public_key: str | None) -> None:
    """Give a station a new key, where the old one is lost or was stolen; that one opens nothing from then on."""
    text = _public_text(key_file, public_key)
    with shell.operator() as server:
        show(shell, server.replace_station_key(station_id, public_key=text))


@station.command()
@click.argument("station_id")
@click.option(
    "--chain",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Certificates (X.509, PEM), the device's first.",
)
@pass_shell
def attest(shell: Shell, station_id: str, *, chain: Path) -> None:
    """Enter who vouches for the device that holds a station's key, for purposes whose liveness is active+attested."""
    with shell.operator() as server:
        show(shell, server.attest_station(station_id, chain=chain.read_text(encoding="ascii", errors="replace")))


@station.command()
@click.argument("station_id")
@sure("Nobody is recognised there any more, and its key and name cannot be used again. Retire it?")
@pass_shell
def retire(shell: Shell, station_id: str) -> None:
    """Take a station out of use for good and at once; its decisions stay."""
    with shell.operator() as server:
        server.retire_station(station_id)
    show(shell, {"id": station_id, "state": "RETIRED"})


def _public_text(key_file: Path | None, public_key: str | None) -> str:
    if (key_file is None) == (public_key is None):
        raise click.UsageError("Name either --key or --public-key.")
    return str(public_key) if key_file is None else public_key_text(load_station_key(key_file))
