"""A custodian: gives a share to a server that is sealed, and shows in rehearsals that they hold it."""

from typing import Unpack

from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.credentials import Nobody
from visavis.client.exchange import Body, door
from visavis.wire.seal import ChallengeAnswer, RehearsalAnswer, RehearsalRequest, SealState, ShareRequest


class AsyncCustodianClient(AsyncCaller):
    """Somebody who holds a share of a server's root key; the share is their only proof.

    Every method raises ``VisavisProblem`` where the server refuses.
    """

    def __init__(self, base_url: str, **options: Unpack[AsyncOptions]) -> None:
        super().__init__(AsyncTransport(base_url, credentials=Nobody(), **options))

    async def seal_state(self) -> SealState:
        """Whether the server is sealed, and how many shares it was given."""
        return await self._transport.get(door("unseal"), SealState)

    async def give_share(self, words: str) -> SealState:
        """Give one share; the server opens when it has as many as it needs.

        :param words: the share, 33 words.
        """
        return await self._transport.post(door("unseal"), SealState, Body(ShareRequest(words=words)))

    async def begin_rehearsal(self) -> ChallengeAnswer:
        """A fresh challenge."""
        return await self._transport.post(door("rehearsals"), ChallengeAnswer)

    async def rehearse(self, challenge: str, *, number: int, answer: str) -> RehearsalAnswer:
        """Show that one holds share ``number``, which itself is not sent.

        :param answer: a signature over the challenge, in base64url, as ``protect.quorum.answer_challenge`` makes it.
        """
        asked = RehearsalRequest(challenge=challenge, number=number, answer=answer)
        return await self._transport.post(door("rehearsals", "answers"), RehearsalAnswer, Body(asked))
