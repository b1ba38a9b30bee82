"""Becoming somebody at the console: the set-up link, name with password and code, and a new password."""

from dataclasses import dataclass, replace

from visavis.flows.accounts import enter, is_proven, proven, setup_tag
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.account import Account, LoginRefused, SetupCodeRefused, SetupUnknown
from visavis.model.keys import SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive
from visavis.protect.password import (
    hash_password,
    new_totp_secret,
    password_fits,
    require_fit,
    totp_step,
    totp_uri,
)

_NOBODY = "acc_nobody"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the person's app is given, once. ``uri``: ``otpauth://…``, also as a QR code."""

    account: Account
    uri: str


class ConsoleLogin:
    """The flow of local accounts.

    :param server: what the person's app calls this server.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, server: str) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._server = server

    def login(self, *, name: str, password: str, code: str) -> Account:
        """Who has this name, password and code.

        1. The password is looked at, as long where there is no such account.
        2. The account is as the server wrote it, is set up, and not disabled.
        3. The code is of the present step of 30 s or a neighbour, and of a later one than was taken before.

        :raises LoginRefused: any of it does not hold; which is not told.
        """
        with self._store.read() as tx:
            found = tx.accounts.first(name=name.strip().lower())
        # 1
        fits = self._fits(found, password)
        with self._store.write() as tx:
            account = None if found is None else tx.accounts.first(id=found.id)
            # 2
            if account is None or found is None or not self._may(account) or account.password_hash is None:
                raise LoginRefused
            # 3
            account = self._stepped(account, code)
            # What was looked at has to be what is there now.
            if not fits or account.password_hash != found.password_hash:
                raise LoginRefused
            tx.accounts.change(account)
        return account

    def change_password(self, account_id: str, *, password: str, code: str, new: str) -> None:
        """Another password; every session of the account ends.

        :raises LoginRefused: the present password or the code is wrong. :raises PasswordUnfit: the new one is no good.
        """
        with self._store.read() as tx:
            name = tx.accounts.get(account_id).name
        require_fit(new, name=name)
        hashed = hash_password(new, pepper=self._keyring.installation, account_id=account_id)
        account = self.login(name=name, password=password, code=code)
        with self._store.write() as tx:
            if tx.accounts.get(account_id) != account:
                raise LoginRefused
            account = proven(replace(account, password_hash=hashed), self._keyring)
            tx.accounts.change(account)
            tx.console_sessions.remove(account_id=account_id)
            enter(tx, "rotate", account, keyring=self._keyring, now=self._clock.now(), by=account_id)

    def invited(self, secret: str) -> Account:
        """Whose set-up link it is.

        :raises SetupUnknown: nobody's, or it was used, or its time is over.
        """
        with self._store.read() as tx:
            return self._invited(tx, secret)

    def prepare(self, secret: str, *, password: str) -> Prepared:
        """Set the password, and make the secret for the person's app. Nothing opens before ``confirm``.

        Doing it again makes another secret.

        :raises SetupUnknown: as above. :raises PasswordUnfit: the password is no good.
        """
        with self._store.read() as tx:
            found = self._invited(tx, secret)
        require_fit(password, name=found.name)
        hashed = hash_password(password, pepper=self._keyring.installation, account_id=found.id)
        shared = new_totp_secret()
        with self._store.write() as tx:
            account = self._invited(tx, secret)
            account = replace(account, password_hash=hashed, sealed_totp=self._sealed(account.id, shared), totp_step=0)
            account = proven(account, self._keyring)
            tx.accounts.change(account)
        return Prepared(account, totp_uri(shared, name=account.name, server=self._server))

    def confirm(self, secret: str, *, code: str) -> Account:
        """The app shows codes: the link is used up, and the account can log in with the next code.

        :raises SetupUnknown: as above. :raises SetupCodeRefused: the code is wrong, or there is no secret yet.
        """
        with self._store.write() as tx:
            account = self._invited(tx, secret)
            try:
                account = self._stepped(account, code)
            except LoginRefused:
                raise SetupCodeRefused from None
            account = proven(replace(account, setup_tag=None, setup_until=None), self._keyring)
            tx.accounts.change(account)
        return account

    def _fits(self, account: Account | None, password: str) -> bool:
        return password_fits(
            password,
            password_hash=None if account is None else account.password_hash,
            pepper=self._keyring.installation,
            account_id=_NOBODY if account is None else account.id,
        )

    def _may(self, account: Account) -> bool:
        ready = account.setup_tag is None and account.disabled_at is None
        return ready and is_proven(account, self._keyring)

    def _stepped(self, account: Account, code: str) -> Account:
        """The account, in which the code was taken.

        :raises LoginRefused: it is not one.
        """
        if account.sealed_totp is None:
            raise LoginRefused
        try:
            shared = unseal(account.sealed_totp, key=self._key, context=_context(account.id))
        except SealBroken:
            raise LoginRefused from None
        step = totp_step(code, secret=shared, now=self._clock.now(), after=account.totp_step)
        if step is None:
            raise LoginRefused
        return proven(replace(account, totp_step=step), self._keyring)

    def _invited(self, tx: Transaction, secret: str) -> Account:
        account = tx.accounts.first(setup_tag=setup_tag(secret, self._keyring))
        if account is None or account.setup_until is None or account.disabled_at is not None:
            raise SetupUnknown
        if self._clock.now() >= account.setup_until or not is_proven(account, self._keyring):
            raise SetupUnknown
        return account

    def _sealed(self, account_id: str, shared: bytes) -> bytes:
        return seal(shared, key=self._key, context=_context(account_id))

    @property
    def _key(self) -> bytes:
        return derive(self._keyring.installation, "accounts' second steps")


def _context(account_id: str) -> Context:
    return Context("account", (account_id,))
