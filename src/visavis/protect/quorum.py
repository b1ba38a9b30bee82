"""The root key in the hands of custodians: SLIP-39 shares, of which so many give it back.

A share is 33 words for its custodian's eyes. From its value, not from how it is spelt, follows an Ed25519 key, the
*approval key*: who holds the words can be told by it without the words being shown, and the server keeps its public
half only. ``shamir_mnemonic`` does not run in constant time: make shares on a machine where nobody can measure.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pyrage import EncryptError, RecipientError, encrypt, x25519
from shamir_mnemonic import MnemonicError, generate_mnemonics
from shamir_mnemonic.shamir import ShareGroup, recover_ems
from shamir_mnemonic.share import Share as Mnemonic
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from visavis.model.custodians import (
    CustodianMisnamed,
    QuorumImpossible,
    RehearsalFailed,
    ShareForeign,
    ShareMalformed,
    ShareRepeated,
    SharesTooFew,
    SharesWrong,
)
from visavis.protect.envelope import KEY_BYTES
from visavis.protect.keys import derive

LEAST: Final = 2
"""SLIP-39 makes no shares of which one is enough, nor do we."""

MOST: Final = 16
"""Shares that SLIP-39 has numbers for."""

WORDS: Final = 33
"""Words of a share of 256 bits."""

_LABEL: Final = b"visavis v1 rehearsal\n"
"""Before every challenge, so that an answer signs nothing else."""


@dataclass(frozen=True, slots=True, repr=False)
class Share:
    """One share, read. ``number`` is its custodian's, from 1; ``ceremony`` names all that were made together."""

    number: int
    threshold: int
    ceremony: int
    value: bytes

    @property
    def approval_key(self) -> Ed25519PrivateKey:
        """What its custodian signs with."""
        return Ed25519PrivateKey.from_private_bytes(derive(self.value, "custodian approval key"))


def split(root: bytes, *, shares: int, threshold: int) -> list[str]:
    """So many shares of ``root`` (32 bytes), as words, of which ``threshold`` give it back.

    :raises QuorumImpossible: there are no such shares.
    """
    if not LEAST <= threshold <= shares <= MOST:
        raise QuorumImpossible(f"{threshold} of {shares} is not possible.")
    # The root is random: stretching it (the exponent) would protect nothing. There is no passphrase.
    made = generate_mnemonics(1, [(threshold, shares)], root, iteration_exponent=0)
    return list(made[0])


def read_share(words: str) -> Share:
    """A share's words, in whatever case and with whatever white space between them.

    1. Every word is in the list of SLIP-39.
    2. There are as many as a share of 256 bits has, and their checksum is right.
    3. It was made as ``split`` makes them: one group, more than one needed, no stretching (which could be asked to last
       for minutes).

    No message repeats a word.

    :raises ShareMalformed: one of them does not hold.
    """
    said = words.lower().split()
    for place, word in enumerate(said, start=1):
        if word not in WORD_INDEX_MAP:
            raise ShareMalformed(f"Word {place} is not in the list of words.")
    if len(said) != WORDS:
        raise ShareMalformed(f"A share has {WORDS} words; these are {len(said)}.")
    try:
        found = Mnemonic.from_mnemonic(" ".join(said))
    except MnemonicError:
        # Its text has the first words.
        raise ShareMalformed("The checksum of these words is wrong.") from None
    sort = (found.group_count, found.group_threshold, found.iteration_exponent)
    if sort != (1, 1, 0) or found.member_threshold < LEAST:
        raise ShareMalformed("These words are a share of another sort of ceremony.")
    return Share(found.index + 1, found.member_threshold, found.identifier, found.value)


def approval_key_of(words: str) -> Ed25519PrivateKey:
    """The key that a custodian signs with, from their words.

    What is signed with it begins with a line that says what for: it signs requests and rehearsals.

    :raises ShareMalformed: the words are no share.
    """
    return read_share(words).approval_key


def approval_public_of(words: str) -> bytes:
    """Its public half, 32 bytes.

    :raises ShareMalformed: the words are no share.
    """
    return approval_key_of(words).public_key().public_bytes_raw()


def require_own(words: str, *, approval_keys: Collection[bytes]) -> Share:
    """A share that one of the custodians with these public keys was given.

    :raises ShareMalformed: the words are no share. :raises ShareForeign: it is somebody else's.
    """
    share = read_share(words)
    if share.approval_key.public_key().public_bytes_raw() not in approval_keys:
        raise ShareForeign("No custodian of this installation was given this share.")
    return share


def combine(words: Sequence[str]) -> bytes:
    """The root, from the shares of a quorum (more than enough are no fault).

    1. Each is a share.
    2. All are of one ceremony.
    3. None is there twice.
    4. They are enough.
    5. The digest inside them proves that they give what was shared.

    :raises ShareMalformed, ShareForeign, ShareRepeated, SharesTooFew, SharesWrong: the leaf says which does not hold.
    """
    shares = [read_share(each) for each in words]
    if not shares:
        raise SharesTooFew("No share was given.")
    first = shares[0]
    for share in shares[1:]:
        if (share.ceremony, share.threshold) != (first.ceremony, first.threshold):
            raise ShareForeign(f"The shares {first.number} and {share.number} are of two ceremonies.")
    numbers = [share.number for share in shares]
    if len(set(numbers)) != len(numbers):
        raise ShareRepeated("A share was given twice.")
    if len(shares) < first.threshold:
        raise SharesTooFew(f"{len(shares)} shares were given; it takes {first.threshold}.")
    return _recovered([Mnemonic.from_mnemonic(each.lower()) for each in words[: first.threshold]])


def _recovered(shares: Sequence[Mnemonic]) -> bytes:
    group = ShareGroup()
    try:
        for share in shares:
            group.add(share)
        root: bytes = recover_ems({0: group}).decrypt(b"")
    except MnemonicError:
        raise SharesWrong("The digest inside the shares is wrong.") from None
    if len(root) != KEY_BYTES:
        raise SharesWrong("What the shares give is not a key of 256 bits.")
    return root


def answer_challenge(challenge: str, *, words: str) -> str:
    """A custodian's answer to a fresh challenge: a signature, in base64url, made where the words are.

    :raises ShareMalformed: the words are no share.
    """
    return urlsafe_b64encode(approval_key_of(words).sign(_LABEL + challenge.encode())).rstrip(b"=").decode()


def require_answer(answer: str, *, challenge: str, approval_key: bytes) -> None:
    """The answer was made with the share of the custodian whose public key this is.

    :raises RehearsalFailed: it was not.
    """
    try:
        signature = urlsafe_b64decode(answer + "==")
        Ed25519PublicKey.from_public_bytes(approval_key).verify(signature, _LABEL + challenge.encode())
    except (InvalidSignature, ValueError):
        raise RehearsalFailed("The answer was not made with this custodian's share.") from None


def for_recipient(content: bytes, recipient: str | None) -> bytes:
    """What is handed to a custodian: in the age format, for their public key alone; as it is where they have none.

    :param recipient: ``age1…`` (X25519).
    :raises CustodianMisnamed: it is no such key.
    """
    if recipient is None:
        return content
    try:
        sealed: bytes = encrypt(content, [x25519.Recipient.from_str(recipient)])
    except (RecipientError, EncryptError):
        raise CustodianMisnamed("A custodian's recipient is no age public key.") from None
    return sealed
