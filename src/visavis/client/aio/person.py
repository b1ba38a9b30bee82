"""A person with their receipt: sees what is held about them, withdraws, and proves that it is them."""

from collections.abc import Sequence
from typing import Unpack

from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.log import AsyncLogReader
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.captures import Shown, async_shown
from visavis.client.choices import Language, Variant
from visavis.client.credentials import Signer
from visavis.client.exchange import Body, archive_in, door
from visavis.client.link import PersonalLink, honest_renewal, renewed
from visavis.client.own_log import (
    OwnLog,
    evidence_of,
    log_key_of,
    newest_of,
    read_own,
    read_shown,
    remembered_by,
    remembering,
    require_one_log,
    trusted,
)
from visavis.client.raising import told_as_problems
from visavis.client.receipt_file import Receipt
from visavis.wire.deciding import ChallengeAnswer, ChallengeRequest, DecisionAnswer, OpenPersonalRequest, SessionAnswer
from visavis.wire.log import OwnLogAnswer
from visavis.wire.people import OwnAnswer, ReceiptAnswer, RenewalRequest, RenewalTerms


class AsyncPerson(AsyncCaller):
    """The holder of a receipt. Requests go to the server that the receipt names, signed with the person's own key.

    Every method raises ``VisavisProblem`` where the server refuses.
    """

    def __init__(
        self,
        receipt: Receipt,
        **options: Unpack[AsyncOptions],
    ) -> None:
        self._receipt = receipt
        self._options = options
        self._signer = Signer(receipt.subject_id, receipt.signing_key)
        super().__init__(AsyncTransport(receipt.server, credentials=self._signer, **options))

    async def me(self) -> OwnAnswer:
        """Everything that is held about this person, and who looked at it."""
        return await self._transport.get(door("me"), OwnAnswer)

    async def archive(self, *, language: Language = "en") -> bytes:
        """Everything held about this person, as a zip file that the controller signed: a page to read, and data.

        ``check_archive`` tells whether it is whole and genuine. Keep it as carefully as the receipt.

        :param language: of the page; the data is the same in any.
        """
        reply = await self._transport.fetch(door("me", "archive"), headers=archive_in(language))
        return reply.content

    async def log_page(self, after: str | None = None) -> OwnLogAnswer:
        """What the transparency log says about this person, a page at a time and unchecked: use ``log``.

        :param after: ``next`` of the page before.
        """
        return await self._transport.get(door("me", "log", *([] if after is None else [after])), OwnLogAnswer)

    async def log(
        self, *, log_key: str | None = None, witness_keys: Sequence[str] = (), witnesses: int | None = None
    ) -> OwnLog:
        """Every entry of the transparency log that is about this person: who looked, when, for what, with what result.

        Nothing is given out that does not check out: that each entry commits to what is said to be behind it, that it
        is in the tree, that the log's key signed that tree, and that the log still begins with the tree that the
        receipt remembers. The tree and its tiles are fetched without a signature, as a stranger would.

        :param log_key: the log's key, where you have it from elsewhere; else that of the receipt, else the server's.
        :param witness_keys: keys of witnesses whom you believe.
        :param witnesses: how many of them have to have cosigned; all of them where it is not given.
        :raises VisavisProblem: also with the code of what did not check out, such as ``proof_wrong``; the sort is
            ``LogRefused``, and ``evidence`` has what the server sent.
        """
        async with AsyncLogReader(self._receipt.server, **self._options) as reader:
            # Before the person's own entries: so none of those that are in it can still be waiting.
            published = await reader.published()
            pages = [await self.log_page()]
            while pages[-1].next is not None:
                pages.append(await self.log_page(pages[-1].next))
            with told_as_problems(lambda: evidence_of(pages, published)):
                trust = trusted(
                    self._receipt,
                    shown_key=log_key_of(pages),
                    given_key=log_key,
                    witness_keys=witness_keys,
                    witnesses=witnesses,
                )
                shown = read_shown(published, trust=trust)
                items = [item for page in pages for item in page.items]
                entries, trees = read_own(items, trust=trust, subject_id=self._receipt.subject_id, shown=shown)
                trees += [] if shown is None else [shown]
                newest = newest_of(trees)
                check = require_one_log(trees, newest=newest, remembered=remembered_by(self._receipt))
                await reader.with_tiles(check)
            self._receipt = remembering(self._receipt, trust=trust, newest=newest)
            return OwnLog(entries, newest, self._receipt)

    async def withdraw(self) -> None:
        """Take the consent back: key, references and credentials are destroyed; no decision is MATCH any more."""
        await self._transport.act("POST", door("me", "withdrawal"))

    async def renewal(self, receipt_id: str) -> RenewalTerms:
        """What this person is asked to go on, where the consent of that receipt ends soon (``me().renewable``).

        Nothing changes by it. Show the text inside (``offer``) to the person before ``renew``.

        :raises VisavisProblem: also ``offer_unfit``, where the statement is not the one that would be signed.
        """
        terms = await self._transport.get(door("me", "receipts", receipt_id, "renewal"), RenewalTerms)
        return honest_renewal(terms, renews=receipt_id)

    def prepare_renewal(self, terms: RenewalTerms) -> Receipt:
        """Sign what ``terms`` showed, with the key of the receipt; nothing is sent. Save it before ``renew``.

        :raises VisavisProblem: ``offer_unfit``, where the offer is for somebody else.
        """
        return renewed(terms, earlier=self._receipt)

    async def renew(self, receipt_id: str, receipt: Receipt) -> ReceiptAnswer:
        """Agree to go on: the new receipt steps into the place of the old one. The same again changes nothing.

        :param receipt_id: the one that ends soon.
        :param receipt: of ``prepare_renewal``.
        """
        shape = RenewalRequest(offer=receipt.offer, countersignature=receipt.countersignature)
        body = Body(shape, done_once=True)
        return await self._transport.post(door("me", "receipts", receipt_id, "renewal"), ReceiptAnswer, body)

    async def open_session(self, link: str) -> SessionAnswer:
        """Open the personal session that was prepared for this person.

        :param link: the whole link, as it was handed over.
        """
        secret = PersonalLink.read(link).secret
        return await self._transport.post(
            door("personal-sessions", "opening"), SessionAnswer, Body(shape=OpenPersonalRequest(link_secret=secret))
        )

    async def draw_challenge(self, session_id: str, *, variant: Variant = "whole") -> ChallengeAnswer:
        """What this person is to do, where the session's ``liveness`` is active; once for a session.

        :param variant: ``head`` for who cannot shut their eyes at will.
        """
        body = Body(shape=ChallengeRequest(variant=variant))
        return await self._transport.post(door("personal-sessions", session_id, "challenge"), ChallengeAnswer, body)

    async def verify(self, session_id: str, *, photo: Shown) -> DecisionAnswer:
        """Whether the photo shows this person (1:1); nobody else can be asked for.

        :param photo: or what was taken while the person did what the challenge asks (``Taken``), within 20 seconds.
        """
        body = await async_shown("photo", photo, signer=self._signer)
        return await self._transport.post(door("personal-sessions", session_id, "verify"), DecisionAnswer, body)
