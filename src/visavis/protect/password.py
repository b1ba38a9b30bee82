"""Passwords of accounts, and the second step: codes that an app makes (RFC 6238)."""

import secrets
import unicodedata
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from visavis.model.account import MAX_PASSWORD, MIN_PASSWORD, PasswordUnfit
from visavis.protect.keys import tag
from visavis.protect.slow import slow_fits, slow_hash

TOTP_DIGITS: Final = 6
TOTP_SECRET_BYTES: Final = 20
STEP_S: Final = 30
"""Seconds for which one code is shown."""
_DRIFT: Final = (0, -1, 1)
"""Steps by which the app's clock may be off, the likeliest first."""


def require_fit(password: str, *, name: str) -> None:
    """Refuse a password that is too short or too long, or the account's name (NIST SP 800-63B-4 §3.1.1).

    :raises PasswordUnfit: it is.
    """
    composed = _composed(password)
    if not MIN_PASSWORD <= len(composed) <= MAX_PASSWORD:
        raise PasswordUnfit(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    told, known = composed.casefold(), name.casefold()
    if known in told and not told.replace(known, "").strip(" .-_0123456789"):
        raise PasswordUnfit("The password is the name of the account.")


def hash_password(password: str, *, pepper: bytes, account_id: str) -> str:
    """A slow hash of a password, keyed first with ``pepper`` (32 bytes, not in the database), as a PHC string."""
    return slow_hash(_peppered(password, pepper, account_id))


def password_fits(password: str, *, password_hash: str | None, pepper: bytes, account_id: str) -> bool:
    """Whether the password is the one that was hashed; takes the same time where there is none."""
    return slow_fits(_peppered(password, pepper, account_id), hashed=password_hash)


def new_totp_secret() -> bytes:
    """160 random bits (RFC 4226, section 4)."""
    return secrets.token_bytes(TOTP_SECRET_BYTES)


def totp_uri(secret: bytes, *, name: str, server: str) -> str:
    """What an app reads from the QR code: ``otpauth://totp/…``."""
    return _totp(secret).get_provisioning_uri(name, server)


def totp_step(code: str, *, secret: bytes, now: datetime, after: int) -> int | None:
    """The step of 30 s that the code is for; None where it is for none of the present one and its neighbours.

    :param after: the last step whose code was taken: that one, and those before, are not taken again.
    """
    present = int(now.timestamp()) // STEP_S
    found = None
    for step in (present + drift for drift in _DRIFT):
        try:
            _totp(secret).verify(code.encode(), step * STEP_S)
        except InvalidToken:
            continue
        if step > after and found is None:
            found = step
    return found


def _totp(secret: bytes) -> TOTP:
    # SHA-1 is what apps know; what is asked of it here, that HMAC with it cannot be forged, holds.
    return TOTP(secret, TOTP_DIGITS, SHA1(), STEP_S)  # noqa: S303 -- RFC 6238's default, the only one all apps take


def _composed(password: str) -> str:
    """As one keyboard or another composes its letters (SP 800-63B-4: NFKC or NFC), it is one password."""
    return unicodedata.normalize("NFC", password)


def _peppered(password: str, pepper: bytes, account_id: str) -> bytes:
    return tag(pepper, use="passwords", of=f"{account_id}|{_composed(password)}".encode())
