"""Where a server may listen: ``bootstrap`` refuses by these rules, and ``visavis doctor`` tells them beforehand."""

import errno
import re
import socket
import ssl
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from visavis.model.keys import AddressUnusable, TlsUnusable, UnsafeListen
from visavis.settings import Settings

_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_WHY: Final = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not listen there; ports below 1024 need a right of their own",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class Place(Protocol):
    """Where to listen: part of the settings of a server."""

    @property
    def host(self) -> str:
        """A name or an address."""

    @property
    def port(self) -> int:
        """TCP port."""

    @property
    def tls_cert(self) -> Path | None:
        """Certificate chain (PEM)."""

    @property
    def tls_key(self) -> Path | None:
        """Its private key (PEM)."""


def require_private(settings: Settings) -> None:
    """Nobody's face travels in the clear, and links lead where the server is.

    1. Certificate and key are set both or neither: with one of them the server would listen without TLS.
    2. What links begin with is an address and nothing else: a name and password in it would be in every link, and
       what comes after ``#`` has to be the link's own secret.
    3. Beyond this machine certificate and key are set.
    4. Beyond this machine links begin with an ``https`` address that people can open: the one listened on may be all
       of them (``0.0.0.0``), or have no name in the certificate.

    :raises UnsafeListen: one of them does not hold.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise UnsafeListen("Of VISAVIS_TLS_CERT and VISAVIS_TLS_KEY only one is set.")
    parts = None if settings.public_url is None else split_address(settings.public_url)
    if settings.public_url is not None and parts is None:
        raise UnsafeListen("VISAVIS_PUBLIC_URL is not an http or https address without user, query and fragment.")
    if settings.is_loopback:
        return
    if settings.tls_cert is None:
        raise UnsafeListen(f"Listening on {settings.host} without TLS would send faces in the clear.")
    if parts is None or parts.scheme != "https":
        raise UnsafeListen(f"Listening on {settings.host} needs VISAVIS_PUBLIC_URL to be an https address.")


def split_address(url: str) -> SplitResult | None:
    """The parts of an address that links can begin with; None if they cannot begin with it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or url != url.strip() or port == 0)
    named = parts.hostname is not None and (":" in parts.hostname or _HOST_NAME.fullmatch(parts.hostname))
    return parts if parts.scheme in {"http", "https"} and plain and named else None


def require_tls_usable(settings: Place) -> None:
    """Certificate and key, where they are set, load and belong together.

    :raises TlsUnusable: they do not, or the key has a password that nobody is there to type.
    """
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        # An empty password is wrong for every key that has one, where OpenSSL would ask at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (OSError, ValueError) as error:
        raise TlsUnusable(f"{settings.tls_cert} and {settings.tls_key}: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM, or with a password").lower().replace("_", " ")
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def require_free(settings: Place) -> None:
    """The address can be listened on: it is taken for a moment, and given back.

    :raises AddressUnusable: it cannot.
    """
    where = f"{settings.host}, port {settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise AddressUnusable(f"Nobody knows the address of {settings.host}.") from None
    except OSError as error:
        why = _WHY.get(error.errno or 0, error.strerror)
        raise AddressUnusable(f"The server cannot listen on {where}: {why}.") from None
