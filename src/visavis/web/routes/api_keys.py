"""API keys."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request, Response

from visavis.model.access import ApiKey, Scope, ScopeMissing
from visavis.web.auth import Admin, Flows, key_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.setup import ApiKeyAnswer, ApiKeyRequest, RotationAnswer, RotationRequest
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])

_Itself = Annotated[ApiKey, Depends(key_with(bounds_itself=True))]


@router.post("", status_code=201, response_model=ApiKeyAnswer)
def make_key(
    request: Request, body: ApiKeyRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a key; its secret is shown in this answer only."""

    def act() -> tuple[ApiKeyAnswer, None]:
        made, secret = flows.api_keys.make(
            name=body.name,
            scopes={Scope(scope) for scope in body.scopes},
            gallery_ids=body.gallery_ids,
            lasts=None if body.expires_in_days is None else timedelta(days=body.expires_in_days),
            by=key,
        )
        return key_answer(made, secret), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("")
def list_keys(flows: Flows, _key: Admin, after: After = None, limit: Limit = 50) -> Page[ApiKeyAnswer]:
    """Every key, without its secret."""
    rows = flows.api_keys.page(after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=key_answer, id_of=lambda k: k.id)


@router.post("/{key_id}/rotation", status_code=201, response_model=RotationAnswer)
def rotate(
    request: Request,
    key_id: str,
    flows: Flows,
    key: _Itself,
    body: Annotated[RotationRequest, Body(default_factory=RotationRequest)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make a key in another's place; the old one works for some hours more. A key may rotate itself.

    Without the scope 'admin' a key rotates itself only.
    """
    if key_id != key.id and Scope.ADMIN.value not in key.scopes:
        raise ScopeMissing("A key rotates itself; another's rotation needs the scope 'admin'.")

    def act() -> tuple[RotationAnswer, None]:
        rotated = flows.api_keys.rotate(key_id, overlap=timedelta(hours=body.overlap_hours), by=key)
        new = key_answer(rotated.key, rotated.secret).model_dump()
        return RotationAnswer(**new, replaced_id=key_id, replaced_ends_at=rotated.replaced_ends_at), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.delete("/{key_id}", status_code=204)
def revoke(key_id: str, flows: Flows, key: Admin) -> Response:
    """End a key's use at once."""
    flows.api_keys.revoke(key_id, by=key)
    return Response(status_code=204)


def key_answer(key: ApiKey, secret: str | None = None) -> ApiKeyAnswer:
    """A key in its shape."""
    return ApiKeyAnswer(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        gallery_ids=None if key.gallery_ids is None else list(key.gallery_ids),
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        secret=secret,
    )
