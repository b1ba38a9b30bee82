"""Purposes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from visavis.flows.ports import Transaction
from visavis.model.access import ApiKey, Scope
from visavis.model.preset import Preset, Promised
from visavis.model.purpose import LivenessMode, Purpose, PurposeText, TargetKind
from visavis.web.auth import Admin, Flows, key_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.services import Services
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.setup import EndRequest, PurposeAnswer, PurposeRequest, TextAnswer, TextRequest
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/purposes", tags=["purposes"])

_Seeing = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.AUDIT))]


@router.post("", status_code=201, response_model=PurposeAnswer)
def state_purpose(
    request: Request, body: PurposeRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """State what people will be asked to agree to."""

    def act() -> tuple[PurposeAnswer, None]:
        purpose, text = flows.administer.state_purpose(
            name=body.name,
            controller=body.controller,
            contact=body.contact,
            jurisdiction=body.jurisdiction,
            language=body.language,
            text=body.text,
            retention_days=body.retention_days,
            promised=Promised(
                target_kind=None if body.target_kind is None else TargetKind(body.target_kind),
                target=body.target,
                max_fnmr=body.max_fnmr,
                preset=None if body.preset is None else Preset(body.preset),
            ),
            liveness=LivenessMode(body.liveness),
            by=key,
        )
        return _answer(flows, purpose, [text]), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("")
def list_purposes(flows: Flows, _key: _Seeing, after: After = None, limit: Limit = 50) -> Page[PurposeAnswer]:
    """Every purpose."""
    with flows.store.read() as tx:
        rows = tx.purposes.page(after=after, limit=limit + 1)
        return page_of(rows, limit=limit, shape=lambda p: _read(flows, tx, p), id_of=lambda p: p.id)


@router.get("/{purpose_id}")
def show_purpose(purpose_id: str, flows: Flows, _key: _Seeing) -> PurposeAnswer:
    """One purpose."""
    with flows.store.read() as tx:
        return _read(flows, tx, tx.purposes.get(purpose_id))


@router.post("/{purpose_id}/texts", status_code=201, response_model=TextAnswer)
def reword(
    request: Request,
    purpose_id: str,
    body: TextRequest,
    flows: Flows,
    key: Admin,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """A new version of the text, for people who are asked from now on."""

    def act() -> tuple[TextAnswer, None]:
        return _text(flows.administer.reword(purpose_id, language=body.language, text=body.text, by=key)), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.post("/{purpose_id}/end", response_model=PurposeAnswer)
def end(
    request: Request,
    purpose_id: str,
    body: EndRequest,
    flows: Flows,
    key: Admin,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """End a purpose, now or on a day to come: nobody is asked or recognised for it any more, and all are erased."""

    def act() -> tuple[PurposeAnswer, None]:
        purpose = flows.administer.end_purpose(purpose_id, at=body.ends_at, by=key)
        with flows.store.read() as tx:
            return _read(flows, tx, purpose), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=200)


def _read(flows: Services, tx: Transaction, purpose: Purpose) -> PurposeAnswer:
    return _answer(flows, purpose, tx.purpose_texts.find(purpose_id=purpose.id))


def _answer(flows: Services, purpose: Purpose, texts: list[PurposeText]) -> PurposeAnswer:
    room = flows.administer.capacity_of(purpose)
    return PurposeAnswer(
        id=purpose.id,
        name=purpose.name,
        controller=purpose.controller,
        contact=purpose.contact,
        jurisdiction=purpose.jurisdiction,
        retention_days=purpose.retention_days,
        target_kind=purpose.target_kind.value,
        target=purpose.target,
        max_fnmr=purpose.max_fnmr,
        liveness=purpose.liveness.value,
        presets_met=[preset.value for preset in flows.administer.presets_met(purpose)],
        capacity=room.most,
        bound=None if room.bound is None else room.bound.value,
        texts=[_text(t) for t in texts],
        created_at=purpose.created_at,
        ends_at=purpose.ends_at,
    )


def _text(text: PurposeText) -> TextAnswer:
    return TextAnswer(version=text.version, language=text.language, text=text.text, created_at=text.created_at)
