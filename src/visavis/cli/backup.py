"""``visavis backup``, ``restore`` and ``erasure``: copies of the data that die with what was erased."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from visavis.cli.output import show
from visavis.cli.reason import reason_option
from visavis.cli.settings import config_option, settings_from
from visavis.cli.share_words import share_options, words_of
from visavis.cli.shell import Command, Group, Shell, pass_shell, plain, progress
from visavis.client import Timeouts, Visavis
from visavis.client.private_files import writing_private
from visavis.settings import Settings
from visavis.wire.backup import ErasureAnswer

_LONGEST: Final = Timeouts(read_s=timedelta(minutes=30).total_seconds(), total_s=timedelta(hours=12).total_seconds())
"""A backup is made whole before the first byte of it is sent."""


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--offline", is_flag=True, help="No server runs: work on the data directory itself.")
@config_option
@share_options
@pass_shell
def backup(
    shell: Shell,
    file: Path,
    config: Path | None,
    *,
    offline: bool,
    share_files: tuple[Path, ...],
    identity: Path | None,
) -> None:
    """Make a backup of everything but keys and models in a new FILE.

    It can be made while people are enrolled, recognised and withdrawn. It opens with the key store of this
    installation only, and not at all once the epoch is destroyed that it was made in. The API key needs the scope
    'backup'. With --offline custodians who hold the root key are asked for their shares, or --share-file names them.
    """
    if offline:
        _offline(shell, file, settings_from(config), share_files, identity)
        return
    with (
        Visavis(base_url=shell.url, api_key=shell.api_key, timeouts=_LONGEST) as server,
        writing_private(file) as write,
    ):
        server.back_up(write=write)
    show(shell, {"file": str(file), "size": file.stat().st_size})


def _offline(
    shell: Shell, file: Path, settings: Settings, share_files: tuple[Path, ...], identity: Path | None
) -> None:
    from visavis import bootstrap_backup  # noqa: PLC0415 -- loads the whole server; only such commands wait for that

    words = _words(settings, share_files, identity)
    header = bootstrap_backup.back_up(settings, file, words=words)
    made = {"epoch": header.epoch, "opens_until": header.opens_until.isoformat()}
    show(shell, {"file": str(file), "size": file.stat().st_size, **made})


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@click.option("--replace", is_flag=True, help="There is data: the backup takes its place, and it is kept beside.")
@click.option("--drop-former", is_flag=True, help="With --replace: do not keep what was there.")
@click.option(
    "--tombstones",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A list of erasures beside the one in the folder of the key store.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="A copy of the published log, beside the one in the data directory; the largest counts.",
)
@share_options
@pass_shell
def restore(
    shell: Shell,
    file: Path,
    config: Path | None,
    *,
    replace: bool,
    drop_former: bool,
    tombstones: Path | None,
    log: Path | None,
    share_files: tuple[Path, ...],
    identity: Path | None,
) -> None:
    """Bring a backup back, while no server runs. Nobody who was erased since is revived.

    Who was erased is learned from the data that is replaced, from the published log and from the list of tombstones
    beside the key store, as far as each is there; what they told is said at the end. The key store itself has to be the
    newest one. Then start the server.
    """
    from visavis import bootstrap_backup  # noqa: PLC0415 -- loads the whole server; only such commands wait for that

    settings = settings_from(config)
    how = bootstrap_backup.Bringing(
        replace=replace,
        keep_former=not drop_former,
        tombstones=tombstones,
        log=log,
        words=_words(settings, share_files, identity),
    )
    back = bootstrap_backup.restore(settings, file, how)
    told: dict[str, Any] = {
        "data_dir": str(settings.data_dir),
        "made_at": back.header.made_at.isoformat(),
        "epoch": back.header.epoch,
        "destroyed": back.made_up.destroyed,
        "lapsed": back.made_up.lapsed,
        "former": None if back.former is None else str(back.former),
        "learned_from": back.learned_from,
    }
    show(shell, told)
    progress().print("API keys, stations and PINs are as they were when the backup was made: end again what you ended.")


def _words(settings: Settings, share_files: tuple[Path, ...], identity: Path | None) -> list[str]:
    """Custodians' shares, where they hold the root key."""
    from visavis import bootstrap_keys  # noqa: PLC0415 -- as above

    custody = bootstrap_keys.custodians(settings)
    return [] if custody.mode == "keyfile" else words_of(share_files, identity, count=custody.threshold)


@click.group(cls=Group)
def erasure() -> None:
    """What was erased."""


@erasure.command()
@click.argument("subject_id")
@reason_option
@pass_shell
def prove(shell: Shell, subject_id: str, reason: str) -> None:
    """What erasing somebody has destroyed when, and until when an older backup could still be opened.

    To read this is entered into the log.
    """
    with shell.operator() as server:
        found = server.erasure(subject_id, reason=reason)
    show(shell, found)
    if not shell.as_json:
        progress().print(plain(_in_words(found)))
        if found.withdrawn_by is not None:
            progress().print(plain(f"{found.withdrawn_by} withdrew for them: {found.withdrawn_because}"))


def _in_words(found: ErasureAnswer) -> str:
    since = f"{found.erased_at:%Y-%m-%d %H:%M} UTC"
    until = f"{found.beyond_recovery_at:%Y-%m-%d %H:%M} UTC"
    if found.beyond_recovery:
        return f"Since {since} no running server opens anything of them; since {until} nobody does, with every key."
    return (
        f"Since {since} no running server opens anything of them. Whoever has a backup from before and the key store "
        f"can until {until}, if the server runs until then to destroy the key; from then on nobody can, with every key."
    )
