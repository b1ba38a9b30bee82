"""A person with their receipt: sees what is held about them, withdraws, and proves that it is them."""

import ssl

import httpx2

from visavis.client.caller import Caller
from visavis.client.links import PersonalLink
from visavis.client.photos import Photo, as_file
from visavis.client.receipt_file import Receipt
from visavis.client.transport import TIMEOUT_S, Body, Signer, Transport, door
from visavis.wire.deciding import DecisionAnswer, OpenPersonalRequest, SessionAnswer
from visavis.wire.people import SubjectAnswer


class Person(Caller):
    """The holder of a receipt. Requests go to the server that the receipt names, signed with the person's own key.

    Every method raises ``VisavisProblem`` where the server refuses.
    """

    def __init__(
        self,
        receipt: Receipt,
        *,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        credentials = Signer(receipt.subject_id, receipt.signing_key)
        super().__init__(
            Transport(receipt.server, credentials=credentials, timeout_s=timeout_s, tls=tls, transport=transport)
        )

    def me(self) -> SubjectAnswer:
        """Everything that is held about this person."""
        return self._transport.get(door("me"), SubjectAnswer)

    def withdraw(self) -> None:
        """Take the consent back: key, references and credentials are destroyed; no decision is MATCH any more."""
        self._transport.act("POST", door("me", "withdrawal"))

    def open_session(self, link: str) -> SessionAnswer:
        """Open the personal session that was prepared for this person.

        :param link: the whole link, as it was handed over.
        """
        secret = PersonalLink.read(link).secret
        return self._transport.post(
            door("personal-sessions", "opening"), SessionAnswer, Body(shape=OpenPersonalRequest(link_secret=secret))
        )

    def verify(self, session_id: str, *, photo: Photo) -> DecisionAnswer:
        """Whether the photo shows this person (1:1); nobody else can be asked for."""
        body = Body(files=[as_file("photo", photo)])
        return self._transport.post(door("personal-sessions", session_id, "verify"), DecisionAnswer, body)
