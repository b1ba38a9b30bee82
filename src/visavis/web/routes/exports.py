"""Exports of references: asked for, approved by custodians, fetched once; and bundles that come in."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from visavis.flows.export import Standing
from visavis.flows.incoming import Carried
from visavis.flows.readings import Reader
from visavis.model import leaves_loaded
from visavis.model.access import ApiKey, Scope
from visavis.web.auth import Enroller, Flows, key_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.export import (
    ApprovalRequest,
    ApproverAnswer,
    BundlePart,
    BundlePartAnswer,
    CarriedRow,
    ExportAnswer,
    ExportAsked,
)
from visavis.wire.shape import Page

router = APIRouter(tags=["exports"])

BUNDLE: Final = "application/octet-stream"
"""The media type of an age file: it has none of its own."""

Exporter = Annotated[ApiKey, Depends(key_with(Scope.EXPORT))]
_Approving = Annotated[ApiKey, Depends(key_with(Scope.EXPORT, Scope.APPROVE))]
_ApprovingOwn = Annotated[ApiKey, Depends(key_with(Scope.EXPORT, Scope.APPROVE, bounds_itself=True))]
_Asker = Annotated[ApiKey, Depends(key_with(Scope.EXPORT, bounds_itself=True))]


@router.post("/v1/exports", status_code=201, response_model=ExportAnswer)
def ask_for_export(
    request: Request, body: ExportAsked, flows: Flows, key: _Asker, idempotency_key: IdempotencyKey = None
) -> Response:
    """Ask the custodians for an export of a gallery's references. Nothing leaves by this."""
    flows.reach.require(key, [("gallery_id", body.gallery_id)])

    def act() -> tuple[ExportAnswer, None]:
        lasts = timedelta(hours=body.lasts_hours)
        asker = Reader.because(key, body.reason)
        standing = flows.exports.request(gallery_id=body.gallery_id, recipient=body.recipient, lasts=lasts, by=asker)
        return _standing(standing), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("/v1/exports")
def list_exports(flows: Flows, key: _ApprovingOwn, after: After = None, limit: Limit = 50) -> Page[ExportAnswer]:
    """The requests of the key's galleries that custodians can approve now."""
    rows = flows.exports.waiting(key, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=_standing, id_of=lambda standing: standing.request.id)


@router.get("/v1/exports/{export_id}")
def show_export(export_id: str, flows: Flows, _key: _Approving) -> ExportAnswer:
    """A request as it stands, with what custodians sign."""
    return _standing(flows.exports.get(export_id))


@router.post("/v1/exports/{export_id}/approvals")
def approve_export(export_id: str, body: ApprovalRequest, flows: Flows, key: _Approving) -> ExportAnswer:
    """Hand in a custodian's signature. It is made where their share is, which never travels."""
    return _standing(flows.exports.approve(export_id, body.model_dump(), by=key))


@router.post(
    "/v1/exports/{export_id}/bundle",
    response_class=StreamingResponse,
    responses={200: {"description": "The bundle: an age file.", "content": {BUNDLE: {}}}},
)
def carry_out_export(export_id: str, flows: Flows, key: Exporter) -> StreamingResponse:
    """Carry out what enough custodians approved, once: the bundle, encrypted to the recipient."""
    chunks = flows.exports.carry_out(export_id, by=key)
    headers = {"Content-Disposition": f'attachment; filename="{export_id}.age"'}
    return StreamingResponse(chunks, media_type=BUNDLE, headers=headers)


@router.post("/v1/imports/{import_id}/bundle")
def bring_bundle(import_id: str, body: BundlePart, flows: Flows, _key: Enroller) -> BundlePartAnswer:
    """Bring in some people of a bundle that was decrypted where its recipient is. Safe to repeat."""
    carried = flows.incoming.bring(
        import_id,
        controller_key=urlsafe_b64decode(f"{body.controller_key}="),
        header=body.header.encode(),
        people=[line.encode() for line in body.people],
    )
    return BundlePartAnswer(people=[_carried(one) for one in carried])


def _standing(standing: Standing) -> ExportAnswer:
    request = standing.request
    return ExportAnswer(
        id=request.id,
        gallery_id=request.gallery_id,
        purpose_id=request.purpose_id,
        state=standing.state.value,
        document=standing.document.decode(),
        approvals=[ApproverAnswer(number=one.number, name=one.name) for one in standing.approvers],
        needed=standing.threshold,
        made_at=request.made_at,
        expires_at=request.expires_at,
    )


def _carried(one: Carried) -> CarriedRow:
    mend = None if one.code is None else _MENDS.get(one.code)
    return CarriedRow(number=one.number, outcome=one.outcome.value, code=one.code, mend=mend)


_MENDS: Final = {leaf.code: leaf.mend for leaf in leaves_loaded()}
