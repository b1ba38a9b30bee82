"""What links to people begin with."""

import ipaddress
from collections.abc import Iterator

from visavis.adapters.doctor.check import Check
from visavis.adapters.listening import split_address
from visavis.settings import Settings

_MEND = "Set VISAVIS_PUBLIC_URL to the https address that people open, such as https://faces.example."


def links(settings: Settings) -> Iterator[Check]:
    """People can open links, and nobody can read along.

    1. The address is one that links can begin with.
    2. It names a machine: ``0.0.0.0`` is every address and none.
    3. It is ``https``, but on this machine; and where the server speaks TLS itself, nothing else answers.
    """
    if settings.public_url is None:
        state_of = "from this machine only" if settings.is_loopback else "from where this address is reached"
        yield Check("links", "ok", f"They begin with {settings.base_url} and open {state_of}.")
        return
    parts = split_address(settings.public_url)
    if parts is None:
        message = "VISAVIS_PUBLIC_URL is not an http or https address without user, query and fragment."
        yield Check("links", "fail", message, _MEND)
        return
    host = parts.hostname or ""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 -- refused here
        yield Check("links", "fail", f"Links to {host} lead nowhere.", _MEND)
    elif parts.scheme == "http" and not _is_this_machine(host):
        yield Check("links", "fail", f"Links to http://{host} can be read and changed on their way.", _MEND)
    elif parts.scheme == "http" and settings.tls_cert is not None:
        yield Check("links", "fail", "Links begin with http, and the server answers https only.", _MEND)
    else:
        yield Check("links", "ok", f"They begin with {settings.base_url}.")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
