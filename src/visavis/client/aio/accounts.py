"""Accounts of people who log in at the console."""

from collections.abc import Sequence

from visavis.client.aio.backups import AsyncBackups
from visavis.client.choices import PAGE, Role
from visavis.client.exchange import Body, door
from visavis.wire.console import AccountAnswer, AccountEndedAnswer, AccountRequest, RolesRequest
from visavis.wire.shape import Page


class AsyncAccounts(AsyncBackups):
    """Adding, listing, changing, resetting and disabling them. Needs the scope ``admin``."""

    async def add_account(
        self,
        name: str,
        *,
        roles: Sequence[Role],
        gallery_ids: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> AccountAnswer:
        """A local account; hand its one-time ``setup_link`` to the person, who chooses a password there.

        :param name: what they log in with: small letters, digits and ``. _ @ + -``.
        :param gallery_ids: the galleries it is for; None: all.
        """
        bound = None if gallery_ids is None else list(gallery_ids)
        body = Body(AccountRequest(name=name, roles=list(roles), gallery_ids=bound), idempotency_key=idempotency_key)
        return await self._transport.post(door("accounts"), AccountAnswer, body)

    async def accounts(self, *, after: str | None = None, limit: int = PAGE) -> Page[AccountAnswer]:
        """A page of the accounts."""
        return await self._transport.get(door("accounts"), Page[AccountAnswer], query={"after": after, "limit": limit})

    async def change_roles(
        self, account_id: str, *, roles: Sequence[Role], gallery_ids: Sequence[str] | None = None
    ) -> AccountAnswer:
        """Other roles and galleries, from the next request on."""
        bound = None if gallery_ids is None else list(gallery_ids)
        body = Body(RolesRequest(roles=list(roles), gallery_ids=bound))
        return await self._transport.put(door("accounts", account_id, "roles"), AccountAnswer, body)

    async def reset_account(self, account_id: str, *, idempotency_key: str | None = None) -> AccountAnswer:
        """A new one-time ``setup_link`` for who lost password or app, or was disabled; their sessions end at once.

        A disabled account of a provider is open again, and has no link.
        """
        body = Body(idempotency_key=idempotency_key)
        return await self._transport.post(door("accounts", account_id, "reset"), AccountAnswer, body)

    async def disable_account(self, account_id: str) -> AccountEndedAnswer:
        """Nobody logs in with it any more, and its sessions end at once.

        The answer names the API keys that were made with it and still work: revoke those that nobody else needs.
        """
        return await self._transport.end(door("accounts", account_id), AccountEndedAnswer)
