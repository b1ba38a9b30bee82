"""The receipt as a person keeps it: what they agreed to, and the key that only they hold."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from visavis.client.private_files import replace_private, write_private
from visavis.client.raising import problem_here

_VERSION_FIELD: Final = "visavis_receipt"
_VERSION: Final = 1
_TEXTS: Final = ("server", "subject_id", "receipt_id", "offer", "countersignature")
_TEXTS_OF_THE_LOG: Final = ("log_key", "log_checkpoint")
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """A countersigned consent.

    ``offer`` and ``countersignature`` are compact JWS; ``private_key`` is a JWK (OKP, Ed25519, with ``d``). Whoever
    has the file can see and withdraw what is held about the person: it is written for its owner only.

    ``log_key`` is the key of the server's transparency log as it was when the person agreed, and ``log_checkpoint`` the
    newest tree that it showed them. A log with another key, or that forgets what it showed, is refused.
    """

    server: str
    subject_id: str
    receipt_id: str
    offer: str
    countersignature: str
    private_key: dict[str, str] = field(repr=False)
    log_key: str | None = None
    log_checkpoint: str | None = None

    @property
    def okp_key(self) -> OKPKey:
        """The person's key, to sign a consent with.

        :raises VisavisProblem: ``receipt_unreadable``.
        """
        try:
            key = OKPKey.import_key(dict(self.private_key))
        except (JoseError, ValueError, TypeError, KeyError):
            raise _unreadable("its private_key is not a JWK") from None
        if not isinstance(key.private_key, Ed25519PrivateKey):
            raise _unreadable("its private_key is not a private Ed25519 key")
        return key

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The same key, to sign requests with.

        :raises VisavisProblem: ``receipt_unreadable``.
        """
        key = self.okp_key.private_key
        if not isinstance(key, Ed25519PrivateKey):
            raise _unreadable("its private_key is not a private Ed25519 key")
        return key

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a new file with mode 0600.

        :raises VisavisProblem: ``file_exists`` or ``file_unwritable``.
        """
        write_private(Path(path), self._content())

    def save_again(self, path: str | os.PathLike[str]) -> None:
        """Write it in the place of the file it came from: a reader sees the old one or the new one, whole.

        :raises VisavisProblem: ``file_unwritable``.
        """
        replace_private(Path(path), self._content())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """A receipt from its file, written here or by the consent page.

        :raises VisavisProblem: ``receipt_unreadable``.
        """
        try:
            with Path(path).open("rb") as file:
                fields: Any = json.loads(file.read(_MOST_BYTES))
        except OSError as error:
            raise _unreadable(f"{os.fspath(path)}: {error.strerror}") from None
        except ValueError:
            raise _unreadable(f"{os.fspath(path)} is not JSON") from None
        return cls._from_fields(fields)

    def _content(self) -> bytes:
        fields = {name: value for name, value in asdict(self).items() if value is not None}
        return (json.dumps({_VERSION_FIELD: _VERSION, **fields}, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def _from_fields(cls, fields: Any) -> Self:
        if not isinstance(fields, dict) or fields.get(_VERSION_FIELD) != _VERSION:
            raise _unreadable("it is not a receipt of this form")
        key = fields.get("private_key")
        texts = {name: fields.get(name) for name in _TEXTS}
        if not isinstance(key, dict) or not all(isinstance(text, str) for text in (*texts.values(), *key.values())):
            raise _unreadable("a field is missing or of the wrong type")
        of_the_log = {name: fields[name] for name in _TEXTS_OF_THE_LOG if fields.get(name) is not None}
        if not all(isinstance(text, str) for text in of_the_log.values()):
            raise _unreadable("a field is of the wrong type")
        receipt = cls(**{name: str(text) for name, text in texts.items()}, private_key=key, **of_the_log)
        _ = receipt.signing_key
        return receipt


def _unreadable(what: str) -> Exception:
    return problem_here("receipt_unreadable", f"The receipt cannot be read: {what}.")
