"""A station: opens a session because a person pressed or showed something, and gets a decision, never a score."""

from dataclasses import replace
from typing import Unpack

from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.captures import Shown, async_shown
from visavis.client.choices import SessionKind, Variant
from visavis.client.credentials import Signer
from visavis.client.exchange import Body, door
from visavis.client.photos import Photo, async_as_file
from visavis.wire.deciding import (
    ChallengeAnswer,
    ChallengeRequest,
    DecisionAnswer,
    OwnDataAnswer,
    OwnStation,
    PinRequest,
    QrRequest,
    SessionAnswer,
    SessionRequest,
)
from visavis.wire.signing import SigningKey


class AsyncStationClient(AsyncCaller):
    """A registered device.

    A session serves one attempt and lasts 120 s at most; a station has one open at a time, and two seconds lie between
    the openings of two. Every method raises ``VisavisProblem`` where the server refuses.

    :param station_id: ``sta_…``, as the server registered it.
    :param private_key: the station's key (``load_station_key``, or ``Pkcs11Key``).
    """

    def __init__(
        self,
        *,
        base_url: str,
        station_id: str,
        private_key: SigningKey,
        **options: Unpack[AsyncOptions],
    ) -> None:
        self._signer = Signer(station_id, private_key)
        super().__init__(AsyncTransport(base_url, credentials=self._signer, **options))

    async def own_station(self) -> OwnStation:
        """What this station is for, and what it has to tell the people in front of it."""
        return await self._transport.get(door("station"), OwnStation)

    async def open_session(self, kind: SessionKind) -> SessionAnswer:
        """Open a session. That of a document check waits until the holder opens ``grant_link`` and agrees."""
        return await self._transport.post(door("sessions"), SessionAnswer, Body(shape=SessionRequest(kind=kind)))

    async def close_session(self, session_id: str) -> None:
        """Give an unused session up."""
        await self._transport.act("DELETE", door("sessions", session_id))

    async def draw_challenge(self, session_id: str, *, variant: Variant = "whole") -> ChallengeAnswer:
        """What the person is to do, where ``own_station().liveness`` is active; once for a session.

        :param variant: ``head`` for who cannot shut their eyes at will; ``blink`` for who cannot move the head, which
            serves only where somebody watches the station.
        """
        body = Body(shape=ChallengeRequest(variant=variant))
        return await self._transport.post(door("sessions", session_id, "challenge"), ChallengeAnswer, body)

    async def identify(self, session_id: str, *, photo: Shown) -> DecisionAnswer:
        """Who of the gallery stands there, or nobody (1:N).

        :param photo: or what was taken while the person did what the challenge asks (``Taken``), within 20 seconds.
        """
        return await self._decide(session_id, "identify", await async_shown("photo", photo, signer=self._signer))

    async def verify(self, session_id: str, *, photo: Shown, external_reference: str) -> DecisionAnswer:
        """Whether the person is who they say they are (1:1).

        :param photo: as for ``identify``.
        """
        form = {"external_reference": external_reference}
        return await self._decide(
            session_id, "verify", await async_shown("photo", photo, signer=self._signer, form=form)
        )

    async def document_check(self, session_id: str, *, portrait: Shown, document: Photo) -> DecisionAnswer:
        """Whether a live portrait and the picture in a document show one person; nothing is kept of either.

        :param portrait: as ``photo`` for ``identify``.
        """
        body = await async_shown("portrait", portrait, signer=self._signer)
        both = replace(body, files=[*body.files, await async_as_file("document", document)])
        return await self._decide(session_id, "document-check", both)

    async def pin(
        self, session_id: str, *, external_reference: str, pin: str, disputed_decision_id: str | None = None
    ) -> DecisionAnswer:
        """The way without a face: a name and six digits.

        :param disputed_decision_id: what the same person has just said was not them (``not_me``); nothing otherwise.
        """
        shape = PinRequest(external_reference=external_reference, pin=pin, disputed_decision_id=disputed_decision_id)
        return await self._decide(session_id, "pin", Body(shape=shape))

    async def qr(self, session_id: str, *, qr: str, disputed_decision_id: str | None = None) -> DecisionAnswer:
        """The way without a face: what a QR credential says.

        :param disputed_decision_id: what the same person has just said was not them (``not_me``); nothing otherwise.
        """
        shape = QrRequest(qr=qr, disputed_decision_id=disputed_decision_id)
        return await self._decide(session_id, "qr", Body(shape=shape))

    async def own_data(self, session_id: str, *, photo: Shown, external_reference: str, pin: str) -> OwnDataAnswer:
        """Face and PIN together, of somebody without their receipt who wants to see what is held about them.

        In a session to verify, at a station that a person watches. Where both fit, show ``me_link`` to the person: it
        opens once, for 120 seconds. Which of the two did not fit is not told.
        """
        form = {"external_reference": external_reference, "pin": pin}
        body = await async_shown("photo", photo, signer=self._signer, form=form)
        return await self._transport.post(door("sessions", session_id, "own-data"), OwnDataAnswer, body)

    async def not_me(self, decision_id: str) -> None:
        """Whoever was recognised here last says that they are somebody else; within 120 seconds.

        Then open a session for their PIN or QR code, and name this decision with it: it says who they are.
        """
        await self._transport.act("POST", door("decisions", decision_id, "not-me"))

    async def _decide(self, session_id: str, act: str, body: Body) -> DecisionAnswer:
        return await self._transport.post(door("sessions", session_id, act), DecisionAnswer, body)
