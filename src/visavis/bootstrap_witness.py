"""The composition root of the witness. It shares no data, key or model with a server, and loads none of it."""

import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from structlog import get_logger

from visavis import __version__, logs
from visavis.adapters.hardening import harden
from visavis.adapters.listening import require_free, require_tls_usable
from visavis.adapters.witness.state import State, held, make_state
from visavis.audit.note import VerifierKey, read_key
from visavis.model.errors import StartupError
from visavis.witness.app import create_app
from visavis.witness.cosigning import Cosigning

_MOST_AT_ONCE = 256
"""Requests at once; a log has one."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a witness listens: with certificate and key, or without either."""

    host: str
    port: int
    tls_cert: Path | None = None
    tls_key: Path | None = None


def make_witness(folder: Path, *, name: str) -> VerifierKey:
    """A new witness with a fresh key. See ``make_state``."""
    return make_state(folder, name=name)


def trust(folder: Path, line: str, *, also: bool = False) -> VerifierKey:
    """Watch the log of this key. See ``State.trust``.

    :raises VerifierKeyMalformed: the line is not a key. :raises StartupError: the folder is not one that can be used.
    """
    key = read_key(line)
    with held(folder) as state:
        state.trust(key, also=also)
    return key


def known(folder: Path) -> State:
    """What a witness knows, to be read; beside a running one too.

    :raises StartupError: the folder is not one that can be used.
    """
    return State(folder)


def serve(folder: Path, place: Place) -> None:
    """Cosign until it is told to stop.

    :raises StartupError: the leaf says what is missing or unsafe.
    """
    harden()
    # A copy of standard error: what the log is written to stays open whoever closes the other.
    logs.configure(level="info", form="json", descriptor=os.dup(2))
    log.info("starting", version=__version__, port=place.port, tls=place.tls_cert is not None)
    try:
        _run(folder, place)
    except StartupError as error:
        log.error("not_started", code=error.code)  # noqa: TRY400 -- the command tells the rest, to a person
        raise
    log.info("stopped")


def _run(folder: Path, place: Place) -> None:
    with held(folder) as state:
        require_tls_usable(place)
        require_free(place)
        uvicorn.run(
            create_app(Cosigning(state, state.cosigner, now=lambda: int(time.time()))),
            host=place.host,
            port=place.port,
            ssl_certfile=place.tls_cert,
            ssl_keyfile=place.tls_key,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            limit_concurrency=_MOST_AT_ONCE,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=None,
        )
