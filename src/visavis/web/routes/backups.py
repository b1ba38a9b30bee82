"""Backups, and proof of erasures."""

from collections.abc import Iterator
from typing import Annotated, BinaryIO, Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from visavis.flows.readings import Reader
from visavis.model.access import ApiKey
from visavis.model.access import Scope as KeyScope
from visavis.web.auth import Flows, key_with, reader_with
from visavis.wire.backup import EpochLeftAnswer, ErasureAnswer

router = APIRouter(prefix="/v1", tags=["backups"])

_MEDIA_TYPE: Final = "application/octet-stream"
_BLOCK: Final = 1024 * 1024

_Keeper = Annotated[ApiKey, Depends(key_with(KeyScope.BACKUP))]
_ErasureReader = Annotated[Reader, Depends(reader_with(KeyScope.ADMIN))]


class _FileOnce(StreamingResponse):
    """A file that has no name any more; its room is free when it was sent, or whoever asked has hung up."""

    def __init__(self, file: BinaryIO, *, size: int) -> None:
        super().__init__(_blocks(file), media_type=_MEDIA_TYPE, headers={"Content-Length": str(size)})
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


@router.post(
    "/backups",
    response_class=Response,
    responses={200: {"content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
def make_backup(flows: Flows, key: _Keeper) -> Response:
    """A backup of everything, as a file in the form of spec/backup.md.

    It is consistent whatever goes on meanwhile, and opens with the key store only, until the epoch it was made in is
    destroyed. That it was made is in the log before it is sent.
    """
    with flows.backups.make(by=key.name) as backup:
        file = backup.place.open("rb")
    return _FileOnce(file, size=backup.size)


@router.get("/erasures/{subject_id}")
def erasure(subject_id: str, flows: Flows, reader: _ErasureReader) -> ErasureAnswer:
    """What erasing somebody has destroyed, and until when an older backup can be opened, and by whom.

    To read this is entered into the log.
    """
    told = flows.erasures.of(subject_id, reader=reader)
    return ErasureAnswer(
        subject_id=told.subject_id,
        reason=told.reason,
        withdrawn_by=told.withdrawn_by,
        withdrawn_because=told.withdrawn_because,
        receipt_ids=list(told.receipt_ids),
        erased_at=told.erased_at,
        epochs=[
            EpochLeftAnswer(
                number=epoch.number,
                made_at=epoch.made_at,
                planned_at=epoch.planned_at,
                destroyed_at=epoch.destroyed_at,
            )
            for epoch in told.epochs
        ],
        beyond_recovery_at=told.beyond_recovery_at,
        beyond_recovery=told.beyond_recovery,
        tombstone_until=told.tombstone_until,
    )


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
