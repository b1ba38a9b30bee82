"""Galleries and the people in them."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from visavis.decide.target import Room
from visavis.flows.bars import AtSize
from visavis.flows.look_alikes import people_asked
from visavis.flows.ports import Transaction
from visavis.flows.readings import Reader
from visavis.model.access import ApiKey, Scope
from visavis.model.bar import BarMove, OwnRates
from visavis.model.calibration import Rate
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
from visavis.wire.setup import AtSizeAnswer, BarAnswer, GalleryAnswer, GalleryDetail, GalleryRequest, OwnRatesAnswer
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/galleries", tags=["galleries"])
_MOVES: Final = 100

# Not for enrollers: a count that grows or does not would tell them who was there (rule S3).
_Seeing = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.OPERATE, Scope.AUDIT))]
_SeeingOwn = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.OPERATE, Scope.AUDIT, bounds_itself=True))]


@router.post("", status_code=201, response_model=GalleryAnswer)
def open_gallery(
    request: Request, body: GalleryRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """Open an empty gallery for one purpose."""

    def act() -> tuple[GalleryAnswer, None]:
        gallery = flows.administer.open_gallery(name=body.name, purpose_id=body.purpose_id, by=key)
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
def show_gallery(
    gallery_id: str,
    flows: Flows,
    _key: _Seeing,
    until: Annotated[AwareDatetime | None, Query(description="Moves of its bar from before then.")] = None,
) -> GalleryDetail:
    """One gallery: what it promises at its present size, what it cannot grow past, and how its bar moved.

    ``moves`` are the newest 100, or the newest 100 from before ``until``.
    """
    with flows.store.read() as tx:
        return _detail(flows, tx, tx.galleries.get(gallery_id), until=until)


@router.post("/{gallery_id}/own-rates")
def measure_gallery(gallery_id: str, flows: Flows, _key: Admin) -> OwnRatesAnswer:
    """Measure how alike the gallery's own people are. A night does it by itself; it takes some seconds."""
    return _own(flows.own_rates.measure(gallery_id))


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
    return GalleryAnswer(**_common(tx, gallery, flows.bars.room(tx, gallery, tx.purposes.get(gallery.purpose_id))))


def _common(tx: Transaction, gallery: Gallery, room: Room) -> dict[str, Any]:
    return {
        "id": gallery.id,
        "name": gallery.name,
        "purpose_id": gallery.purpose_id,
        "model_id": gallery.model_id,
        "references": tx.references_in(gallery.id),
        "capacity": room.most,
        "bound": None if room.bound is None else room.bound.value,
        "created_at": gallery.created_at,
    }


def _detail(flows: Services, tx: Transaction, gallery: Gallery, *, until: datetime | None) -> GalleryDetail:
    purpose = tx.purposes.get(gallery.purpose_id)
    held = flows.bars.held(tx, gallery, purpose)
    return GalleryDetail(
        **_common(tx, gallery, held.room),
        target_kind=purpose.target_kind.value,
        target=purpose.target,
        max_fnmr=purpose.max_fnmr,
        per_comparison=held.per_comparison,
        **_missed(held.missed),
        moves=[_move(move) for move in flows.bars.moves(tx, gallery.id, most=_MOVES, until=until)],
        sizes=[_at_size(size) for size in flows.bars.sizes(tx, gallery, purpose)],
        own=None if held.own is None else _own(held.own),
        new_photos_offered=flows.ageing.offered_in(tx, gallery),
        second_factor=people_asked(tx, gallery.id),
    )


def _missed(rate: Rate | None) -> dict[str, Any]:
    if rate is None:
        return {"missed": None, "missed_low": None, "missed_high": None}
    return {"missed": rate.value, "missed_low": rate.low, "missed_high": rate.high}


def _at_size(size: AtSize) -> AtSizeAnswer:
    return AtSizeAnswer(references=size.references, per_comparison=size.per_comparison, **_missed(size.missed))


def _move(move: BarMove) -> BarAnswer:
    return BarAnswer(
        bar=round(move.bar, 4),
        per_comparison=move.fmr,
        references=move.references,
        source=move.source.value,
        moved_at=move.moved_at,
    )


def _own(own: OwnRates) -> OwnRatesAnswer:
    return OwnRatesAnswer(
        people=own.people,
        comparisons=own.comparisons,
        floor=own.floor,
        is_worse=own.is_worse,
        measured_at=own.measured_at,
    )
