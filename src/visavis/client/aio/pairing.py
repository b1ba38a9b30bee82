"""A device that is to be a station, and has nothing but a one-time code."""

from typing import Unpack

from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.credentials import Nobody
from visavis.client.exchange import Body, door
from visavis.client.station_key import public_key_text
from visavis.wire.deciding import OwnStation
from visavis.wire.setup import PairingRequest
from visavis.wire.signing import SigningKey


class AsyncNewStation(AsyncCaller):
    """Becomes a station; ``StationClient`` is what it calls with then.

    Every method raises ``VisavisProblem`` where the server refuses.
    """

    def __init__(self, base_url: str, **options: Unpack[AsyncOptions]) -> None:
        super().__init__(AsyncTransport(base_url, credentials=Nobody(), **options))

    async def pair(self, code: str, *, private_key: SigningKey) -> OwnStation:
        """Become the station that the code is for: the public half of the key is sent, and the code used up.

        :param code: as an operator was shown it; case and hyphen do not matter.
        """
        asked = PairingRequest(code=code, public_key=public_key_text(private_key))
        return await self._transport.post(door("pairing"), OwnStation, Body(asked))
