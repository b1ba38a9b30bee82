"""The composition root of what is about custodians: the ceremony, and a server that starts sealed."""

import os
import secrets
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp
from structlog import get_logger

from visavis.adapters.hardening import harden
from visavis.adapters.key_folder import KeyFolder
from visavis.adapters.keyfile import drop_key_file, read_key_file
from visavis.adapters.share_files import require_new_folder, write_share_files
from visavis.flows.ceremony import HandedOut, begin, confirm, discard, waiting
from visavis.flows.seal import custodian_of
from visavis.flows.unseal import Gathering, Opened
from visavis.model.custodians import Named, NoQuorum, QuorumHeld
from visavis.model.errors import StartupError
from visavis.model.keys import Custodian, Custody
from visavis.protect.key_store import open_store, read_seats
from visavis.protect.quorum import combine, for_recipient, require_answer
from visavis.settings import Settings
from visavis.web.rates import Rates
from visavis.web.sealed import SealedServer
from visavis.web.share_sheets import share_sheet

log = get_logger(__name__)

_GRACEFUL_S: Final = 10
"""Seconds that requests have to end once the server is sealed."""

_LATEST_S: Final = 60.0
"""After so many seconds the process ends, whatever still runs."""

_CHALLENGE_BYTES: Final = 24


@dataclass(slots=True)
class Ending:
    """Ends the process that serves, once somebody seals it or it cannot go on."""

    server: uvicorn.Server | None = None
    why: list[Exception] = field(default_factory=list)

    def __call__(self) -> None:
        """Let what runs be answered, and end; what does not end by then is cut off."""
        if self.server is not None:
            self.server.config.timeout_graceful_shutdown = _GRACEFUL_S
            self.server.should_exit = True
        last = threading.Timer(_LATEST_S, os._exit, args=(0,))
        last.daemon = True
        last.start()

    def failed(self, error: Exception) -> None:
        """End for a reason that is told when the server has stopped."""
        self.why.append(error)
        self()


def listen(app: ASGIApp, settings: Settings, *, ending: Ending) -> None:
    """Serve until told to stop, by a signal or by ``ending``; what made it end is raised then."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
    )
    ending.server = server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    for error in ending.why:
        raise error
    if not server.started:
        sys.exit(1)


def starts_sealed(settings: Settings, *, asked: bool) -> bool:
    """Whether the server has to wait for custodians.

    :param asked: it was started with ``--sealed``.
    :raises NoQuorum: that was asked for, and there are none.
    """
    folder = _folder(settings)
    is_quorum = folder.exists() and read_seats(folder.read())[0].custody.mode == "quorum"
    if asked and not is_quorum:
        raise NoQuorum
    return is_quorum


def serve_sealed(settings: Settings, *, open_app: Callable[[Opened], FastAPI], ending: Ending) -> None:
    """Serve, sealed at first. The caller holds the data directory.

    :param open_app: makes the real app of the root that a quorum gave.
    :raises StartupError: the real app did not open.
    """
    gathering = Gathering(_folder(settings).read())
    rates = Rates(calls_per_minute=settings.rate_per_minute, failures_per_minute=settings.failures_per_minute)
    server = SealedServer(
        gathering, open_app=open_app, failed=ending.failed, rates=rates, log_addresses=settings.log_addresses
    )
    listen(server, settings, ending=ending)


def hold_ceremony(
    settings: Settings,
    *,
    named: Sequence[Named],
    threshold: int,
    out: Path,
    old_words: Sequence[str] = (),
    language: str = "en",
) -> Custody:
    """Make a new root and write its shares; the present root opens the key store until they are confirmed.

    The caller holds the data directory.

    :param old_words: as many shares as it takes, where custodians hold the present root.
    :param language: of the sheets.
    :raises QuorumHeld: there are custodians, and no shares of theirs.
    :raises SharesUnsafe: the folder has something in it, or lies beside what the shares open.
    :raises VisavisError: as ``flows.ceremony.begin``.
    """
    harden()
    require_new_folder(out, outside=[settings.data_dir, settings.key_store_folder])
    now = datetime.now(UTC).date()

    def hand_out(custody: Custody, shares: Sequence[HandedOut]) -> None:
        files = {}
        for handed in shares:
            sheet = share_sheet(handed, custody=custody, server=settings.base_url, on=now, language=language)
            name, recipient = f"share-{handed.custodian.number}.html", handed.custodian.recipient
            files[name if recipient is None else f"{name}.age"] = for_recipient(sheet, recipient)
        write_share_files(out, files)

    root = present_root(settings, old_words)
    return begin(_folder(settings), root=root, named=named, threshold=threshold, hand_out=hand_out)


def confirm_ceremony(settings: Settings, *, words: Sequence[str]) -> tuple[Custody, Path | None]:
    """Drop the former root: from now on only custodians open the key store. The caller holds the data directory.

    The key file is overwritten and taken away if it was what opened the store.

    :returns: the custodians, and the key file that was taken away.
    :raises VisavisError: as ``flows.ceremony.confirm``.
    """
    harden()
    folder = _folder(settings)
    from_file = _opened_by_file(settings, folder.read())
    custody = confirm(folder, words=words)
    if from_file:
        drop_key_file(settings.key_file)
    return custody, settings.key_file if from_file else None


def discard_ceremony(settings: Settings, *, old_words: Sequence[str] = ()) -> None:
    """Drop a ceremony that was not confirmed. The caller holds the data directory.

    :raises VisavisError: as ``flows.ceremony.discard``.
    """
    harden()
    discard(_folder(settings), root=present_root(settings, old_words))


def awaited(settings: Settings) -> Custody:
    """The custodians of the ceremony that waits to be confirmed.

    :raises CeremonyMissing: there is none.
    """
    return waiting(_folder(settings).read())


def present_root(settings: Settings, words: Sequence[str] = ()) -> bytes:
    """The root that opens the key store now (32 bytes).

    :param words: shares, where custodians hold it.
    :raises QuorumHeld: custodians hold it, and there are no shares.
    :raises VisavisError: the shares or the key file are not right.
    """
    if custodians(settings).mode == "quorum":
        if not words:
            raise QuorumHeld
        return combine(words)
    return read_key_file(settings.key_file, data_dir=settings.data_dir)


def custodians(settings: Settings) -> Custody:
    """Who holds the root, as the key store says without being opened."""
    return read_seats(_folder(settings).read())[0].custody


def new_challenge() -> str:
    """Something fresh for a custodian to answer without a server between, in base64url."""
    return secrets.token_urlsafe(_CHALLENGE_BYTES)


def check_rehearsal(settings: Settings, *, number: int, challenge: str, answer: str) -> Custodian:
    """Whose good share made this answer.

    :raises RehearsalFailed, CustodianUnknown: nobody's, or another's.
    """
    custodian = custodian_of(custodians(settings), number)
    require_answer(answer, challenge=challenge, approval_key=custodian.approval_key)
    return custodian


def _opened_by_file(settings: Settings, data: bytes) -> bool:
    """Whether the key file has a seat: another installation's is not ours to take away."""
    try:
        open_store(data, root=read_key_file(settings.key_file, data_dir=settings.data_dir))
    except StartupError:
        return False
    return True


def _folder(settings: Settings) -> KeyFolder:
    return KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
