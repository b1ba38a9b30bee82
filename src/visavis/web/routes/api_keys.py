"""API keys."""

from fastapi import APIRouter, Request, Response

from visavis.model.access import ApiKey, Scope
from visavis.web.auth import Admin, Flows
from visavis.web.pagination import After, Limit, page_of
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.setup import ApiKeyAnswer, ApiKeyRequest
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])


@router.post("", status_code=201, response_model=ApiKeyAnswer)
def make_key(
    request: Request, body: ApiKeyRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a key; its secret is shown in this answer only."""

    def act() -> tuple[ApiKeyAnswer, None]:
        made, secret = flows.api_keys.make(name=body.name, scopes=frozenset(Scope(scope) for scope in body.scopes))
        return _answer(made, secret), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("")
def list_keys(flows: Flows, _key: Admin, after: After = None, limit: Limit = 50) -> Page[ApiKeyAnswer]:
    """Every key, without its secret."""
    with flows.store.read() as tx:
        rows = tx.api_keys.page(after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=_answer, id_of=lambda k: k.id)


@router.delete("/{key_id}", status_code=204)
def revoke(key_id: str, flows: Flows, _key: Admin) -> Response:
    """End a key's use at once."""
    flows.api_keys.revoke(key_id)
    return Response(status_code=204)


def _answer(key: ApiKey, secret: str | None = None) -> ApiKeyAnswer:
    return ApiKeyAnswer(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        secret=secret,
    )
