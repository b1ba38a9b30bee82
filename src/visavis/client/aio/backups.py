"""Backups, and proof of erasures: an operator's calls."""

from collections.abc import Callable
from typing import Final

from visavis.client.aio.exports import AsyncExports
from visavis.client.exchange import because, door
from visavis.wire.backup import ErasureAnswer

_BACKUP: Final = "application/octet-stream"


class AsyncBackups(AsyncExports):
    """Backups of a server, and what erasing somebody has destroyed."""

    async def back_up(self, *, write: Callable[[bytes], object]) -> None:
        """Make a backup of everything. Needs the scope ``backup``; allow it time (``Timeouts``).

        :param write: takes the backup, a sealed file, piece by piece; it is whole when this returns.
        """
        await self._transport.pour(door("backups"), headers={"Accept": _BACKUP}, write=write)

    async def erasure(self, subject_id: str, *, reason: str) -> ErasureAnswer:
        """What erasing somebody has destroyed, and until when, and by whom, an older backup could be opened."""
        return await self._transport.get(door("erasures", subject_id), ErasureAnswer, headers=because(reason))
