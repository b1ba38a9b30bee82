"""The address: free, or a running Visavis's."""

import http.client
import ipaddress
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from visavis.adapters.doctor.check import Check
from visavis.adapters.listening import require_free
from visavis.model.keys import AddressUnusable
from visavis.settings import Settings

_LOCKS: Final = Path("/proc/locks")
_PATIENCE_S: Final = 2.0
_LONGEST: Final = 1000
_ALIVE: Final = frozenset({"ok", "loading", "sealed"})


def port(settings: Settings) -> Iterator[Check]:
    """The address can be listened on, or the server that is checked listens there."""
    holder = _holder(settings.data_dir / "lock")
    try:
        require_free(settings)
    except AddressUnusable:
        if not _is_visavis(settings):
            raise
        if holder is None:
            mend = "Stop that server, or set VISAVIS_PORT to another port."
            yield Check("port", "fail", f"A Visavis server of other data listens on port {settings.port}.", mend)
        else:
            yield Check("port", "ok", f"This server is running: process {holder} listens on port {settings.port}.")
        return
    if holder is not None:
        mend = "Stop that process before starting another: one process at a time uses a data directory."
        yield Check("port", "warn", f"Port {settings.port} is free, but process {holder} holds the data.", mend)
    else:
        yield Check("port", "ok", f"{settings.host}, port {settings.port} is free.")


def _holder(lock: Path) -> str | None:
    """The process that holds a lock file, as the kernel lists it: trying the lock could keep a server from starting."""
    if not lock.exists() or not _LOCKS.exists():
        return None
    number = lock.stat().st_ino
    for line in _LOCKS.read_text(encoding="ascii").splitlines():
        words = line.replace("->", "").split()
        if words[1] == "FLOCK" and words[5].split(":")[-1] == str(number):
            return words[4]
    return None


def _is_visavis(settings: Settings) -> bool:
    """Whether what listens there answers as Visavis does."""
    try:
        where = ipaddress.ip_address(settings.host)
        host = str(where) if not where.is_unspecified else "127.0.0.1" if where.version == 4 else "::1"  # noqa: PLR2004 -- IPv4
    except ValueError:
        host = settings.host
    connection: http.client.HTTPConnection
    if settings.tls_cert is None:
        connection = http.client.HTTPConnection(host, settings.port, timeout=_PATIENCE_S)
    else:
        # Nothing is told to it, and its answer decides about a message only: whose certificate it has does not matter.
        trusting = ssl._create_unverified_context()  # noqa: S323, SLF001 -- as said above
        connection = http.client.HTTPSConnection(host, settings.port, timeout=_PATIENCE_S, context=trusting)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return bool(answer.headers["Request-Id"]) and json.loads(answer.read(_LONGEST))["status"] in _ALIVE
    except (OSError, ValueError, LookupError, TypeError, http.client.HTTPException):
        return False
    finally:
        connection.close()
