"""Keys of subjects, and derived ones, each for one use."""

import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.model.keys import SealBroken, SubjectSecret
from visavis.protect.envelope import KEY_BYTES, Context, seal, unseal

_LABEL: Final = b"visavis v1 "
_VERSION_BYTES: Final = 4


def derive(key: bytes, use: str) -> bytes:
    """A 32-byte key for one named use (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_LABEL + use.encode()).derive(key)


def log_key(installation: bytes) -> Ed25519PrivateKey:
    """What the transparency log is signed with. It follows from the installation's key, so that it is never written."""
    return Ed25519PrivateKey.from_private_bytes(derive(installation, "log signing key"))


def new_subject_secret(*, after: SubjectSecret | None = None) -> SubjectSecret:
    """A fresh secret for somebody new; or the next version, whose tags and handles are those of the one before."""
    sealing = os.urandom(KEY_BYTES)
    if after is None:
        return SubjectSecret(tagging=os.urandom(KEY_BYTES), sealing=sealing, version=1)
    return SubjectSecret(tagging=after.tagging, sealing=sealing, version=after.version + 1)


def wrap(secret: SubjectSecret, *, epoch: int, epoch_key: bytes, subject_id: str, public_key: bytes | None) -> bytes:
    """Seal a subject's secret under the key of an epoch, for this subject only.

    :param public_key: the one the subject agreed with, once they did. Bound to it, the secret does not open beside one
        that was put into the database later, with a countersignature to match (rule S1).
    """
    plaintext = secret.version.to_bytes(_VERSION_BYTES, "big") + secret.tagging + secret.sealing
    return seal(plaintext, key=epoch_key, context=_context(subject_id, public_key), key_version=epoch)


def unwrap(wrapped: bytes, *, epoch: int, epoch_key: bytes, subject_id: str, public_key: bytes | None) -> SubjectSecret:
    """Open a wrapped secret.

    Installations that began before there were epochs have one key, of version 0, for both uses.

    :raises SealBroken: it belongs to another subject, public key or epoch, or was edited.
    """
    context = _context(subject_id, public_key)
    plaintext = unseal(wrapped, key=epoch_key, context=context, key_version=epoch)
    if len(plaintext) == KEY_BYTES:
        return SubjectSecret(tagging=plaintext, sealing=plaintext, version=0)
    version, keys = plaintext[:_VERSION_BYTES], plaintext[_VERSION_BYTES:]
    if len(keys) != 2 * KEY_BYTES:
        raise SealBroken("A subject's key has an unknown form.")
    return SubjectSecret(tagging=keys[:KEY_BYTES], sealing=keys[KEY_BYTES:], version=int.from_bytes(version, "big"))


def tag(key: bytes, *, use: str, of: bytes) -> bytes:
    """A keyed hash by which equal values are found without storing them (HMAC-SHA256)."""
    return hmac.digest(derive(key, use), of, "sha256")


def _context(subject_id: str, public_key: bytes | None) -> Context:
    return Context("subject key", (subject_id, "" if public_key is None else public_key.hex()))
