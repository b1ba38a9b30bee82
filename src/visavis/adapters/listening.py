"""Where a server may listen: ``bootstrap`` refuses by this rule, and ``visavis doctor`` tells it beforehand."""

from urllib.parse import urlsplit

from visavis.model.keys import UnsafeListen
from visavis.settings import Settings


def require_private(settings: Settings) -> None:
    """Nobody's face travels in the clear, and links lead where the server is.

    1. Certificate and key are set both or neither: with one of them the server would listen without TLS.
    2. Beyond this machine both are set.
    3. Beyond this machine links begin with an ``https`` address that people can open: the one listened on may be all
       of them (``0.0.0.0``), or have no name in the certificate.

    :raises UnsafeListen: one of them does not hold.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise UnsafeListen("Of VISAVIS_TLS_CERT and VISAVIS_TLS_KEY only one is set.")
    if settings.is_loopback:
        return
    if settings.tls_cert is None:
        raise UnsafeListen(f"Listening on {settings.host} without TLS would send faces in the clear.")
    if not _is_https(settings.public_url or ""):
        raise UnsafeListen(f"Listening on {settings.host} needs VISAVIS_PUBLIC_URL to be an https address.")


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
