"""A station: opens a session because a person pressed or showed something, and gets a decision, never a score."""

import ssl
from typing import Literal

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.client.caller import Caller
from visavis.client.photos import Photo, as_file
from visavis.client.transport import TIMEOUT_S, Body, Signer, Transport, door
from visavis.wire.deciding import DecisionAnswer, PinRequest, QrRequest, SessionAnswer, SessionRequest

SessionKind = Literal["identify", "verify", "document_check"]


class StationClient(Caller):
    """A registered device.

    A session serves one attempt and lasts 120 s at most; a station has one open at a time, and two seconds lie between
    the openings of two. Every method raises ``VisavisProblem`` where the server refuses.

    :param station_id: ``sta_…``, as the server registered it.
    :param private_key: the station's Ed25519 key (``load_station_key``).
    """

    def __init__(
        self,
        *,
        base_url: str,
        station_id: str,
        private_key: Ed25519PrivateKey,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        credentials = Signer(station_id, private_key)
        super().__init__(
            Transport(base_url, credentials=credentials, timeout_s=timeout_s, tls=tls, transport=transport)
        )

    def open_session(self, kind: SessionKind) -> SessionAnswer:
        """Open a session. That of a document check waits until the holder opens ``grant_link`` and agrees."""
        return self._transport.post(door("sessions"), SessionAnswer, Body(shape=SessionRequest(kind=kind)))

    def close_session(self, session_id: str) -> None:
        """Give an unused session up."""
        self._transport.act("DELETE", door("sessions", session_id))

    def identify(self, session_id: str, *, photo: Photo) -> DecisionAnswer:
        """Who of the gallery stands there, or nobody (1:N)."""
        return self._decide(session_id, "identify", Body(files=[as_file("photo", photo)]))

    def verify(self, session_id: str, *, photo: Photo, external_reference: str) -> DecisionAnswer:
        """Whether the person is who they say they are (1:1)."""
        form = {"external_reference": external_reference}
        return self._decide(session_id, "verify", Body(files=[as_file("photo", photo)], form=form))

    def document_check(self, session_id: str, *, portrait: Photo, document: Photo) -> DecisionAnswer:
        """Whether a live portrait and the picture in a document show one person; nothing is kept of either."""
        files = [as_file("portrait", portrait), as_file("document", document)]
        return self._decide(session_id, "document-check", Body(files=files))

    def pin(self, session_id: str, *, external_reference: str, pin: str) -> DecisionAnswer:
        """The way without a face: a name and six digits."""
        return self._decide(session_id, "pin", Body(shape=PinRequest(external_reference=external_reference, pin=pin)))

    def qr(self, session_id: str, *, qr: str) -> DecisionAnswer:
        """The way without a face: what a QR credential says."""
        return self._decide(session_id, "qr", Body(shape=QrRequest(qr=qr)))

    def _decide(self, session_id: str, act: str, body: Body) -> DecisionAnswer:
        return self._transport.post(door("sessions", session_id, act), DecisionAnswer, body)
