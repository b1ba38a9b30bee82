"""A station's key in a TPM or another token that speaks PKCS #11: it signs there, and cannot be copied."""

import hashlib
import threading
from os import PathLike, fspath
from typing import Any, Final

from visavis.client.raising import problem_here
from visavis.model.public_key import RAW_KEY_BYTES, RAW_POINT_BYTES, SIGNATURE_BYTES, Algorithm, is_sound_station_key

_OCTET_STRING: Final = 4


class Pkcs11Key:
    """An Ed25519 or P-256 key in a token, for ``StationClient``; a ``DeviceKey``.

    The token stays open as long as the object is there. It may be used from several threads: the token signs one
    message at a time.
    """

    def __init__(self, module: str | PathLike[str], *, token: str, key: str, pin: str) -> None:
        """Open a token and find a key pair in it.

        :param module: the token's PKCS #11 library, such as ``/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1``.
        :param token: the token's label. :param key: the label that both halves of the pair have.
        :param pin: the user's PIN; read it from a file that only the station's account can read.
        :raises VisavisProblem: ``key_unreadable``: python-pkcs11 is not installed (``visavis[pkcs11]``), there is no
            such library, token, PIN or pair, or the pair is of another kind.
        """
        self._turn = threading.Lock()
        try:
            import pkcs11  # noqa: PLC0415 -- an extra that few need
        except ImportError:
            raise problem_here("key_unreadable", "Tokens need python-pkcs11: pip install 'visavis[pkcs11]'.") from None
        try:
            opened = _opened(pkcs11.lib(fspath(module)).get_token(token_label=token), pin=pin)
            self._private: Any = opened.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=key)
            public = opened.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=key)
            point = _unwrapped(bytes(public[pkcs11.Attribute.EC_POINT]))
            kind = public.key_type
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise problem_here("key_unreadable", f"Token '{token}', key '{key}': {_told(error)}.") from None
        algorithms = {pkcs11.KeyType.EC: (Algorithm.ECDSA_P256, RAW_POINT_BYTES)}
        algorithms[pkcs11.KeyType.EC_EDWARDS] = (Algorithm.ED25519, RAW_KEY_BYTES)
        self._algorithm, length = algorithms.get(kind, (Algorithm.ED25519, -1))
        if len(point) != length or not is_sound_station_key(point):
            raise problem_here("key_unreadable", f"Key '{key}' in token '{token}' is neither Ed25519 nor P-256.")
        self._public_key = point
        self._mechanism = pkcs11.Mechanism.EDDSA if self._algorithm is Algorithm.ED25519 else pkcs11.Mechanism.ECDSA
        self._failures: tuple[type[Exception], ...] = (pkcs11.PKCS11Error,)

    @property
    def algorithm(self) -> Algorithm:
        """See ``DeviceKey.algorithm``."""
        return self._algorithm

    @property
    def public_key(self) -> bytes:
        """See ``DeviceKey.public_key``."""
        return self._public_key

    def sign(self, message: bytes, /) -> bytes:
        """See ``DeviceKey.sign``.

        :raises VisavisProblem: ``key_unreadable``, the token does not sign: it was taken out, or locked.
        """
        # Tokens sign what they are given: of ECDSA that is the digest, which Ed25519 makes for itself.
        given = message if self._algorithm is Algorithm.ED25519 else hashlib.sha256(message).digest()
        try:
            with self._turn:
                signature = bytes(self._private.sign(given, mechanism=self._mechanism))
        except self._failures as error:
            raise problem_here("key_unreadable", f"The token does not sign: {_told(error)}.") from None
        if len(signature) != SIGNATURE_BYTES:
            raise problem_here("key_unreadable", "The token's signature is of another kind.")
        return signature


def _opened(token: Any, *, pin: str) -> Any:
    import pkcs11  # noqa: PLC0415 -- as above

    try:
        return token.open(user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open()  # a process logs in once for all of a token's keys


def _unwrapped(point: bytes) -> bytes:
    """The point itself: most tokens wrap it in an OCTET STRING of DER, as PKCS #11 asks, some do not."""
    wrapped = len(point) > 2 and point[0] == _OCTET_STRING and point[1] == len(point) - 2  # noqa: PLR2004 -- tag, length
    return point[2:] if wrapped else point


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__
