"""Galleries and the people in them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from visavis.flows.ports import Transaction
from visavis.flows.readings import Reader
from visavis.model.access import ApiKey, Scope
from visavis.model.consent import Subject
from visavis.model.purpose import Gallery
from visavis.web.auth import Admin, Enroller, Flows, Operator, ReadingOperator, key_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.routes.subjects import subject_answer
from visavis.web.services import Services
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.people import (
    LookupRequest,
    OtherWay,
    SubjectAnswer,
    SubjectRow,
    WithoutFaceAnswer,
    WithoutFaceRequest,
)
from visavis.wire.setup import GalleryAnswer, GalleryRequest
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/galleries", tags=["galleries"])

# Not for enrollers: a count that grows or does not would tell them who was there (rule S3).
_Seeing = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.OPERATE))]
_SeeingOwn = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.OPERATE, bounds_itself=True))]


@router.post("", status_code=201, response_model=GalleryAnswer)
def open_gallery(
    request: Request, body: GalleryRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """Open an empty gallery for one purpose."""

    def act() -> tuple[GalleryAnswer, None]:
        gallery = flows.administer.open_gallery(name=body.name, purpose_id=body.purpose_id)
        with flows.store.read() as tx:
            return _answer(flows, tx, gallery), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("")
def list_galleries(flows: Flows, key: _SeeingOwn, after: After = None, limit: Limit = 50) -> Page[GalleryAnswer]:
    """The key's galleries, with their sizes and the most they can hold."""
    rows = flows.reach.galleries(key, after=after, limit=limit + 1)
    with flows.store.read() as tx:
        return page_of(rows, limit=limit, shape=lambda g: _answer(flows, tx, g), id_of=lambda g: g.id)


@router.get("/{gallery_id}")
def show_gallery(gallery_id: str, flows: Flows, _key: _Seeing) -> GalleryAnswer:
    """One gallery."""
    with flows.store.read() as tx:
        return _answer(flows, tx, tx.galleries.get(gallery_id))


@router.get("/{gallery_id}/subjects")
def list_subjects(
    gallery_id: str, flows: Flows, reader: ReadingOperator, after: After = None, limit: Limit = 50
) -> Page[SubjectRow]:
    """The gallery's people by their identifiers; names are looked up one at a time."""
    rows = flows.readings.subjects(gallery_id, reader=reader, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=_row, id_of=lambda s: s.id)


@router.post("/{gallery_id}/subjects/lookup")
def look_up(gallery_id: str, body: LookupRequest, flows: Flows, key: Operator) -> SubjectAnswer:
    """One person, by the operator's own name for them. Say why you look: the person sees it."""
    reader = Reader.because(key, body.reason)
    return subject_answer(flows.readings.lookup(gallery_id, external_reference=body.external_reference, reader=reader))


@router.post("/{gallery_id}/without-face", status_code=201, response_model=WithoutFaceAnswer)
def add_without_face(
    request: Request,
    gallery_id: str,
    body: WithoutFaceRequest,
    flows: Flows,
    key: Enroller,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Somebody who is served by PIN and QR credential only."""

    def act() -> tuple[WithoutFaceAnswer, str]:
        subject, issued = flows.administer.add_without_face(gallery_id, external_reference=body.external_reference)
        answer = WithoutFaceAnswer(subject_id=subject.id, other_way=OtherWay(pin=issued.pin, qr=issued.qr))
        return answer, subject.id

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


def _row(subject: Subject) -> SubjectRow:
    return SubjectRow(subject_id=subject.id, state=subject.state.value, created_at=subject.created_at)


def _answer(flows: Services, tx: Transaction, gallery: Gallery) -> GalleryAnswer:
    return GalleryAnswer(
        id=gallery.id,
        name=gallery.name,
        purpose_id=gallery.purpose_id,
        model_id=gallery.model_id,
        references=tx.references_in(gallery.id),
        capacity=flows.administer.capacity_of(tx.purposes.get(gallery.purpose_id)),
        created_at=gallery.created_at,
    )
