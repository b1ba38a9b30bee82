"""One-time links: what a person is asked through one, and their answer."""

from collections.abc import Sequence
from typing import ClassVar, Unpack

from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.credentials import LinkSecret
from visavis.client.exchange import Body, door
from visavis.client.link import Link, granted, honest, honest_grant, prepared
from visavis.client.photos import Photo, async_as_file, async_digest
from visavis.client.receipt_file import Receipt
from visavis.wire.deciding import GrantRequest, GrantTermsAnswer, SessionAnswer
from visavis.wire.people import AgreedAnswer, CountersignRequest, DeclinedAnswer, SentPhotosAnswer, TermsAnswer


class _AsyncOnLink(AsyncCaller):
    _page: ClassVar[str]
    _or_page: ClassVar[str | None] = None

    def __init__(self, link: str, **options: Unpack[AsyncOptions]) -> None:
        parts = Link.read(link, page=self._page, or_page=self._or_page)
        self._server = parts.server
        super().__init__(AsyncTransport(parts.server, credentials=LinkSecret(parts.secret), **options))


class AsyncConsentLink(_AsyncOnLink):
    """Somebody who was asked for their consent.

    Agreeing takes three steps, so that the key is kept before it matters: ``prepare`` a receipt from the terms,
    ``save`` it, ``countersign``. Every method raises ``VisavisProblem`` where the server refuses.

    Whoever was invited to enrol themselves sends photos first (``send_photos``); ``terms().photos`` says how many wait.

    :param link: the whole link, ``https://server/consent#…``, or ``https://server/enrol#…`` of an invitation.
    """

    _page = "consent"
    _or_page = "enrol"

    async def terms(self) -> TermsAnswer:
        """What the person is asked to agree to.

        :raises VisavisProblem: also ``offer_unfit``, where what is shown is not what would be signed.
        """
        return honest(await self._transport.get(door("consent"), TermsAnswer))

    def prepare(self, terms: TermsAnswer, *, earlier: Receipt | None = None) -> Receipt:
        """Sign what ``terms`` showed, here; nothing is sent.

        :param earlier: the receipt of the same person in the same gallery, if they have one: its key is used again.
        :raises VisavisProblem: ``offer_unfit``, where the offer does not name a person and a receipt.
        """
        return prepared(terms, server=self._server, earlier=earlier)

    async def send_photos(self, photos: Sequence[Photo]) -> SentPhotosAnswer:
        """Send photos of yourself, where you were invited to; each is taken or refused by itself.

        The same photo again changes nothing, so that this is sent again after a lost answer. Nobody is matched with
        what was sent before ``countersign``.

        :param photos: one to five, and no more than five in all.
        """
        body = Body(files=[await async_as_file("photos", photo) for photo in photos], done_once=True)
        return await self._transport.post(door("consent", "photos"), SentPhotosAnswer, body)

    async def forget_photos(self) -> None:
        """Start over: every photo that was sent is erased."""
        await self._transport.act("DELETE", door("consent", "photos"), Body(done_once=True))

    async def countersign(self, receipt: Receipt, *, photos: Sequence[Photo] = ()) -> AgreedAnswer:
        """Send the countersignature; from now on the person is recognised, unless an operator has to look first.

        :param photos: all that you sent, where you were invited to: whatever else waits was sent by somebody who has
            the link as well, and is refused (``photos_exchanged``).
        """
        sent = [await async_digest(photo) for photo in photos]
        body = Body(CountersignRequest(countersignature=receipt.countersignature, photos=sent))
        return await self._transport.post(door("consent", "countersignature"), AgreedAnswer, body)

    async def decline(self) -> DeclinedAnswer:
        """Say no: the face is erased at once."""
        return await self._transport.post(door("consent", "refusal"), DeclinedAnswer)


class AsyncGrantLink(_AsyncOnLink):
    """The holder of a document who was asked to have it checked, once.

    Every method raises ``VisavisProblem`` where the server refuses.

    :param link: the whole link, ``https://server/grant#…``.
    """

    _page = "grant"

    async def terms(self) -> GrantTermsAnswer:
        """What the holder is asked; ``session_unknown`` once it was granted or its time is over.

        :raises VisavisProblem: also ``offer_unfit``, where the statement is not the one that would be signed.
        """
        return honest_grant(await self._transport.get(door("grant"), GrantTermsAnswer))

    async def grant(self, terms: GrantTermsAnswer) -> SessionAnswer:
        """Grant the check under the text that ``terms`` showed, with a key made for this once and then forgotten."""
        return await self._transport.post(door("grant"), SessionAnswer, Body(GrantRequest(grant=granted(terms))))
