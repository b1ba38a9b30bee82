"""A person with their receipt: sees what is held about them, withdraws, and proves that it is them."""

from typing import Unpack

from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.credentials import Signer
from visavis.client.exchange import Body, door
from visavis.client.link import PersonalLink
from visavis.client.photos import Photo, async_as_file
from visavis.client.receipt_file import Receipt
from visavis.wire.deciding import DecisionAnswer, OpenPersonalRequest, SessionAnswer
from visavis.wire.people import OwnAnswer


class AsyncPerson(AsyncCaller):
    """The holder of a receipt. Requests go to the server that the receipt names, signed with the person's own key.

    Every method raises ``VisavisProblem`` where the server refuses.
    """

    def __init__(
        self,
        receipt: Receipt,
        **options: Unpack[AsyncOptions],
    ) -> None:
        credentials = Signer(receipt.subject_id, receipt.signing_key)
        super().__init__(AsyncTransport(receipt.server, credentials=credentials, **options))

    async def me(self) -> OwnAnswer:
        """Everything that is held about this person, and who looked at it."""
        return await self._transport.get(door("me"), OwnAnswer)

    async def withdraw(self) -> None:
        """Take the consent back: key, references and credentials are destroyed; no decision is MATCH any more."""
        await self._transport.act("POST", door("me", "withdrawal"))

    async def open_session(self, link: str) -> SessionAnswer:
        """Open the personal session that was prepared for this person.

        :param link: the whole link, as it was handed over.
        """
        secret = PersonalLink.read(link).secret
        return await self._transport.post(
            door("personal-sessions", "opening"), SessionAnswer, Body(shape=OpenPersonalRequest(link_secret=secret))
        )

    async def verify(self, session_id: str, *, photo: Photo) -> DecisionAnswer:
        """Whether the photo shows this person (1:1); nobody else can be asked for."""
        body = Body(files=[await async_as_file("photo", photo)])
        return await self._transport.post(door("personal-sessions", session_id, "verify"), DecisionAnswer, body)
