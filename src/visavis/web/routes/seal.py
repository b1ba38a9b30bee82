"""Sealing the server, and rehearsals of its custodians. A server that is sealed has doors of its own (``sealed``)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from structlog import get_logger

from visavis.model.access import ApiKey, Scope
from visavis.model.custodians import CustodianUnknown, NotSealed, RehearsalFailed
from visavis.web.auth import Flows, key_with
from visavis.web.custodians import count_custodian, from_custodian
from visavis.wire.seal import (
    ChallengeAnswer,
    RehearsalAnswer,
    RehearsalRequest,
    SealedAnswer,
    SealState,
    ShareRequest,
)

router = APIRouter(prefix="/v1", tags=["seal"])

log = get_logger(__name__)

_Sealer = Annotated[ApiKey, Depends(key_with(Scope.SEAL))]


@router.post("/seal", status_code=202)
def seal(flows: Flows, key: _Sealer) -> SealedAnswer:
    """Seal the server: it ends at once, and starts sealed where its root key is with custodians.

    A server that cannot enter this into its log any more is sealed all the same.
    """
    entered = flows.seal.seal(key)
    if not entered:
        log.error("seal_not_entered")
    return SealedAnswer(entered=entered)


@router.get("/unseal")
def seal_state() -> SealState:
    """Whether the server is sealed, and how many custodians have given their shares."""
    return SealState(state="OPEN")


@router.post("/unseal")
def unseal(_body: ShareRequest) -> SealState:
    """Give one share. A server that is open takes none (``not_sealed``)."""
    raise NotSealed


@router.post("/rehearsals", status_code=201)
def begin_rehearsal(request: Request, flows: Flows) -> ChallengeAnswer:
    """A fresh challenge for a custodian; it serves for ten minutes."""
    count_custodian(request, flows.rates)
    challenge = flows.seal.challenge()
    return ChallengeAnswer(challenge=challenge.text, until=challenge.until)


@router.post("/rehearsals/answers")
def rehearse(request: Request, flows: Flows, body: RehearsalRequest) -> RehearsalAnswer:
    """A custodian's answer, which shows that they hold a good share; the share stays with them."""
    with from_custodian(request, flows.rates, CustodianUnknown, RehearsalFailed):
        custodian = flows.seal.rehearse(body.challenge, number=body.number, answer=body.answer)
    return RehearsalAnswer(number=custodian.number, name=custodian.name)
