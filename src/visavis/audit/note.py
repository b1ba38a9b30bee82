"""Signed notes (C2SP signed-note): a text, and lines that say who signed it."""

import hashlib
import re
import struct
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from visavis.model.audit import NoteMalformed, NoteUnsigned, VerifierKeyMalformed
from visavis.model.public_key import is_sound_key

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_NOTE: Final = 128 * 1024
"""Largest note that is read, in bytes: room for the 16 signatures of 5 kB that every reader has to take."""
MAX_SIGNATURES: Final = 64
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it says it is, by name and key id, and the bytes after the id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line with its end."""
        return f"\u2014 {self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read; nothing about it is checked. ``text`` ends with a line's end."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The note as it is written."""
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A name with an Ed25519 public key (32 bytes) and the type of signatures it makes."""

    name: str
    public_key: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        """Four bytes by which signature lines name it."""
        preimage = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key
        return hashlib.sha256(preimage).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """The key in one line, as it is handed around (a *vkey*)."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.algorithm]) + self.public_key).decode()}"

    def require(self, message: bytes, signature: bytes) -> None:
        """Check one raw Ed25519 signature (64 bytes) of this key.

        :raises NoteUnsigned: it is not.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            raise NoteUnsigned(f"A signature of {self.name} does not check out.") from None


class Signer(Protocol):
    """Whoever can sign a note."""

    @property
    def key(self) -> VerifierKey:
        """By which it is checked."""

    def sign(self, text: str) -> Signature:
        """The signature of this text."""


@dataclass(frozen=True, slots=True, repr=False)
class NoteSigner:
    """Signs notes with type 0x01."""

    name: str
    private_key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        _require_name(self.name)

    @property
    def key(self) -> VerifierKey:
        """See the protocol."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """See the protocol."""
        return Signature(self.name, self.key.key_id, self.private_key.sign(text.encode()))


def read_key(text: str) -> VerifierKey:
    """A key from its line; white space around it is not part of it.

    :raises VerifierKeyMalformed: it is not of the form, its id is another's, or it cannot tell its holder from others.
    """
    line = text.strip()
    name, _, rest = line.partition("+")
    shown_id, _, material = rest.partition("+")
    try:
        data = from_base64(material)
    except ValueError:
        data = b""
    if not is_name(name) or len(data) != 1 + _KEY_BYTES or data[0] not in (ED25519, COSIGNATURE):
        raise VerifierKeyMalformed
    key = VerifierKey(name, data[1:], data[0])
    if key.key_id.hex() != shown_id:
        raise VerifierKeyMalformed("The key's id is not that of its name and key.")
    if not is_sound_key(key.public_key):
        raise VerifierKeyMalformed("Anybody could sign for this key.")
    return key


def is_name(name: str) -> bool:
    """Whether a key of ours can be called so: C2SP's rule, and nothing that a terminal would not show."""
    return _is_any_name(name) and name.isprintable()


def _is_any_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _require_name(name: str) -> None:
    if not is_name(name):
        raise ValueError("not a name for a key")


def from_base64(text: str) -> bytes:
    """What base64 stands for (RFC 4648, section 4).

    :raises ValueError: it is none, or another spelling of what it stands for.
    """
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("not the canonical form")
    return data


def read_note(data: bytes) -> Note:
    """A note; whoever uses it checks a signature first.

    :raises NoteMalformed: it is not of the form.
    """
    if len(data) > MAX_NOTE:
        raise NoteMalformed("The note is larger than any checkpoint.")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise NoteMalformed("The note is not UTF-8.") from None
    if _CONTROL.search(whole):
        raise NoteMalformed("The note has control characters.")
    body, separator, lines = whole.rpartition("\n\n")
    if not separator or not body or not lines.endswith("\n"):
        raise NoteMalformed("The note has no signatures.")
    return Note(f"{body}\n", read_signatures(lines))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Signature lines, one after the other, each with its end.

    :raises NoteMalformed: one is not of the form.
    """
    split = lines.split("\n")
    if split.pop() or not 0 < len(split) <= MAX_SIGNATURES:
        raise NoteMalformed("There are no signature lines, or too many.")
    return tuple(_signature(line) for line in split)


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, material = rest.partition(" ")
    try:
        data = from_base64(material)
    except ValueError:
        data = b""
    # Any name that C2SP allows: what a key nobody knows is called must not make the other signatures unreadable.
    if dash != "\u2014" or not _is_any_name(name) or len(data) <= _ID_BYTES:
        raise NoteMalformed("A signature line is not of the form.")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def signatures_of(note: Note, key: VerifierKey) -> Sequence[Signature]:
    """The signatures that say they are this key's; unknown keys are passed over."""
    return [s for s in note.signatures if (s.name, s.key_id) == (key.name, key.key_id)]


def require_signed(note: Note, key: VerifierKey) -> None:
    """That a key of type 0x01 signed this note.

    :raises NoteUnsigned: there is no signature of it, or one that does not check out.
    """
    found = signatures_of(note, key)
    if not found or key.algorithm != ED25519:
        raise NoteUnsigned(f"There is no signature of {key.name}.")
    for signature in found:
        key.require(note.text.encode(), signature.signature)


def cosigned_at(note: Note, key: VerifierKey) -> int | None:
    """When a witness cosigned this checkpoint, in seconds since 1970; None where it did not (C2SP tlog-cosignature).

    :raises NoteUnsigned: there is a cosignature of this key that does not check out.
    """
    latest = None
    for signature in signatures_of(note, key):
        if key.algorithm != COSIGNATURE or len(signature.signature) != struct.calcsize(">Q64s"):
            raise NoteUnsigned(f"A cosignature of {key.name} is not of the form.")
        moment, raw = struct.unpack(">Q64s", signature.signature)
        if moment >= 1 << 63:
            raise NoteUnsigned(f"A cosignature of {key.name} has no time.")
        key.require(cosigned_message(note.text, moment), raw)
        latest = moment if latest is None else max(latest, moment)
    return latest


def cosigned_message(text: str, moment: int) -> bytes:
    """What a witness signs."""
    return f"cosignature/v1\ntime {moment}\n{text}".encode()


@dataclass(frozen=True, slots=True, repr=False)
class Cosigner:
    """Cosigns checkpoints with type 0x04."""

    name: str
    private_key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        _require_name(self.name)

    @property
    def key(self) -> VerifierKey:
        """By which its cosignatures are checked."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw(), COSIGNATURE)

    def cosign(self, text: str, *, moment: int) -> Signature:
        """The cosignature of a checkpoint's text at a time, in seconds since 1970."""
        raw = self.private_key.sign(cosigned_message(text, moment))
        return Signature(self.name, self.key.key_id, struct.pack(">Q", moment) + raw)
