"""The controller key, as the database holds it: sealed, so that only the right keys open it."""

from typing import Final

from visavis.model.keys import DataMissing, KeyFileForeign, SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

CONTROLLER: Final = "controller key"
"""The name it is kept under, and what the key that seals it is derived for."""

_CONTEXT: Final = Context(CONTROLLER, ())


def seal_controller_key(pem: bytes, *, installation: bytes) -> bytes:
    """What the database keeps of the controller's private key (PEM)."""
    return seal(pem, key=derive(installation, CONTROLLER), context=_CONTEXT)


def unseal_controller_key(sealed: bytes | None, *, installation: bytes) -> bytes:
    """The controller's private key (PEM).

    :param sealed: what the database keeps, or None where it keeps nothing.
    :raises DataMissing: there is none. :raises KeyFileForeign: the key store is another's.
    """
    if sealed is None:
        raise DataMissing("The database was never set up.")
    try:
        return unseal(sealed, key=derive(installation, CONTROLLER), context=_CONTEXT)
    except SealBroken:
        raise KeyFileForeign("The key store does not open this data.") from None
