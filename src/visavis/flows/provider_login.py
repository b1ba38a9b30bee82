"""Logging in at the console with an OpenID provider."""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Final

from visavis.flows.accounts import NAME, enter, is_proven, new_account, proven
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, IdentityProvider, Store, Transaction
from visavis.model.account import Account, Errand, Identity, LoginRefused, OidcOff, OidcRefused, Role, RoleUnmapped
from visavis.model.keys import SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

ERRAND_LIFE: Final = timedelta(minutes=10)
"""How long somebody may take at the provider."""
_PROVIDER: Final = "provider"
_CONTEXT: Final = Context("login at a provider", ())
_BYTES: Final = 32


class ProviderLogin:
    """Sends a browser to the provider, and takes in who comes back.

    Nothing is kept meanwhile: what has to come back is sealed in a cookie, which holds the browser to its own login.

    :param provider: None where this server has none.
    :param roles: which group of the provider's has which role here.
    """

    def __init__(
        self,
        *,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        provider: IdentityProvider | None,
        roles: Mapping[str, Role],
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._asked = provider
        self._roles = roles

    @property
    def is_on(self) -> bool:
        """Whether there is a provider."""
        return self._asked is not None

    def begin(self) -> tuple[str, str]:
        """Where the browser is to go, and what it keeps meanwhile.

        :raises OidcOff: there is no provider. :raises OidcUnreachable: it does not answer.
        """
        errand = Errand(*(secrets.token_urlsafe(_BYTES) for _ in range(3)))
        address = self._provider.address(errand)
        until = (self._clock.now() + ERRAND_LIFE).timestamp()
        told = json.dumps({**asdict(errand), "until": until}).encode()
        return address, urlsafe_b64encode(seal(told, key=self._key, context=_CONTEXT)).decode()

    def finish(self, kept: str, *, state: str, code: str) -> Account:
        """Who came back.

        1. It is the browser that was sent, in time, with the state it was sent with.
        2. The provider says who it is, for that nonce and verifier.
        3. One of their groups has a role here.
        4. Their account is as the server wrote it and not disabled; at the first login it is made.

        :raises OidcRefused: 1 or 2. :raises OidcUnreachable, OidcOff: the provider does not answer, or there is none.
        :raises RoleUnmapped: 3; sessions that they have end. :raises LoginRefused: 4.
        """
        # 1
        errand = self._errand(kept)
        if not hmac.compare_digest(errand.state.encode(), state.encode()):
            raise OidcRefused("The provider's answer is to another login.")
        # 2
        who = self._provider.identity(errand, code=code)
        roles = sorted({self._roles[group] for group in who.groups if group in self._roles}, key=lambda r: r.value)
        mine = self._keyring.secret_tag(f"{who.issuer}\n{who.subject}", use="accounts at providers")
        with self._store.write() as tx:
            account = tx.accounts.first(provider_tag=mine)
            # 3
            if not roles:
                if account is not None:
                    tx.console_sessions.remove(account_id=account.id)
            # 4
            elif account is None:
                account = self._added(tx, who, roles, mine)
            elif account.disabled_at is None and is_proven(account, self._keyring):
                account = self._with_roles(tx, account, roles)
            else:
                account = None
        if not roles:
            raise RoleUnmapped
        if account is None:
            raise LoginRefused
        return account

    @property
    def _provider(self) -> IdentityProvider:
        if self._asked is None:
            raise OidcOff
        return self._asked

    def _errand(self, kept: str) -> Errand:
        try:
            told = json.loads(unseal(urlsafe_b64decode(kept), key=self._key, context=_CONTEXT))
        except (SealBroken, ValueError):
            raise OidcRefused("This browser began no login, or another server's.") from None
        if self._clock.now().timestamp() >= told.pop("until"):
            raise OidcRefused("The login took too long.")
        return Errand(**told)

    def _added(self, tx: Transaction, who: Identity, roles: Sequence[Role], mine: bytes) -> Account:
        name = who.name.strip().lower()
        if NAME.fullmatch(name) is None or tx.accounts.count(name=name):
            # A name is no proof: nobody gets another's account by what they are called at the provider.
            name = f"{_PROVIDER}-{mine.hex()[:16]}"
        account = proven(new_account(name, roles, self._clock.now(), provider_tag=mine), self._keyring)
        tx.accounts.add(account)
        enter(tx, "add", account, keyring=self._keyring, now=self._clock.now(), by=_PROVIDER)
        return account

    def _with_roles(self, tx: Transaction, account: Account, roles: Sequence[Role]) -> Account:
        words = tuple(role.value for role in roles)
        if account.roles == words:
            return account
        # An administrator is for all galleries, here as everywhere.
        bound = None if Role.ADMIN in roles else account.gallery_ids
        account = proven(replace(account, roles=words, gallery_ids=bound), self._keyring)
        tx.accounts.change(account)
        enter(tx, "rotate", account, keyring=self._keyring, now=self._clock.now(), by=_PROVIDER)
        return account

    @property
    def _key(self) -> bytes:
        return derive(self._keyring.installation, "logins at a provider")
