"""Accounts of the console."""

from fastapi import APIRouter, Request, Response

from visavis.model.account import Account, Role
from visavis.model.keys import SealBroken
from visavis.web.auth import Admin, Flows
from visavis.web.pagination import After, Limit, page_of
from visavis.web.routes.api_keys import key_answer
from visavis.web.services import Services
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.console import AccountAnswer, AccountEndedAnswer, AccountRequest, RolesRequest
from visavis.wire.setup import ApiKeyAnswer
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])


@router.post("", status_code=201, response_model=AccountAnswer)
def add(
    request: Request, body: AccountRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """Add an account; hand its one-time set-up link to the person."""

    def act() -> tuple[AccountAnswer, None]:
        roles = {Role(role) for role in body.roles}
        made, secret = flows.accounts.add(name=body.name, roles=roles, gallery_ids=body.gallery_ids, by=key.id)
        return _answer(made, setup_link=_link(flows, secret)), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("")
def list_accounts(flows: Flows, _key: Admin, after: After = None, limit: Limit = 50) -> Page[AccountAnswer]:
    """Every account."""
    rows = flows.accounts.page(after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=_answer, id_of=lambda account: account.id)


@router.post("/{account_id}/reset", status_code=201, response_model=AccountAnswer)
def reset(
    request: Request, account_id: str, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """A new set-up link, for who lost password or app, or was disabled. Their sessions end at once.

    An account of a provider has none: a disabled one is open again, and the answer is without a link.
    """

    def act() -> tuple[AccountAnswer, None]:
        made, secret = flows.accounts.reset(account_id, by=key.id)
        return _answer(made, setup_link=None if secret is None else _link(flows, secret)), None

    asked = fingerprint(request)
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.put("/{account_id}/roles")
def change_roles(account_id: str, body: RolesRequest, flows: Flows, key: Admin) -> AccountAnswer:
    """Other roles and galleries, from the next request on."""
    roles = {Role(role) for role in body.roles}
    return _answer(flows.accounts.change_roles(account_id, roles=roles, gallery_ids=body.gallery_ids, by=key.id))


@router.delete("/{account_id}")
def disable(account_id: str, flows: Flows, key: Admin) -> AccountEndedAnswer:
    """Nobody logs in with it any more, and its sessions end at once. A reset brings it back.

    API keys that were made with it go on working until they are revoked: the answer names them.
    """
    flows.accounts.disable(account_id, by=key.id)
    return AccountEndedAnswer(id=account_id, api_keys=_keys_made_with(flows, account_id))


def _keys_made_with(flows: Services, account_id: str) -> list[ApiKeyAnswer] | None:
    try:
        return [key_answer(made) for made in flows.api_keys.made_with(account_id)]
    except SealBroken:
        return None


def _link(flows: Services, secret: str) -> str:
    return f"{flows.base_url}/console#set-up={secret}"


def _answer(account: Account, *, setup_link: str | None = None) -> AccountAnswer:
    return AccountAnswer(
        id=account.id,
        name=account.name,
        roles=list(account.roles),
        gallery_ids=None if account.gallery_ids is None else list(account.gallery_ids),
        state=account.state.value,
        by_provider=account.provider_tag is not None,
        created_at=account.created_at,
        disabled_at=account.disabled_at,
        setup_until=account.setup_until,
        setup_link=setup_link,
    )
