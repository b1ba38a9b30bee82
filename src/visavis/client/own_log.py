"""What the transparency log says about one person, checked on their side; nothing here is sent."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from visavis.audit.checkpoint import Checkpoint, Signed, Trust, read_checkpoint, require_checkpoint
from visavis.audit.commitment import Opened, require_opens
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.note import read_key, read_note
from visavis.audit.proof import Proof, read_proof, require_logged
from visavis.audit.tiles import Fetch
from visavis.audit.verify import require_begins_with
from visavis.client.raising import problem_here
from visavis.client.receipt_file import Receipt
from visavis.model.audit import (
    CheckpointMalformed,
    CheckpointStale,
    LogForked,
    LogRefused,
    NoteMalformed,
    NoteUnsigned,
    OpeningWrong,
    ProofMissing,
    ProofWrong,
    VerifierKeyMalformed,
)
from visavis.wire.log import OwnEntryAnswer, OwnLogAnswer

_UNREADABLE_SALT: Final = b""


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry about oneself that checked out.

    ``text`` is the entry's bytes, ``entry`` what they say to everybody, ``opened`` what they say to this person. Where
    there is no ``proof`` the server has made the entry and not yet published it: it can still take it back.
    """

    index: int
    text: bytes
    entry: Entry
    opened: Opened
    proof: Proof | None

    @property
    def details(self) -> Mapping[str, Any]:
        """What the entry commits to."""
        return self.opened.details

    @property
    def at(self) -> datetime:
        """When it was, in UTC."""
        return datetime.fromisoformat(self.opened.details["at"])

    @property
    def proven(self) -> bool:
        """Whether it is in the tree that everybody is shown."""
        return self.proof is not None


@dataclass(frozen=True, slots=True)
class OwnLog:
    """Every entry about oneself, oldest first, and the newest tree that was seen.

    ``receipt`` remembers the log's key and that tree: write it back with ``save_again``, or the next look cannot tell
    whether the log still begins with what it showed today.
    """

    entries: Sequence[OwnEntry]
    signed: Signed | None
    receipt: Receipt = field(repr=False)


def trusted(
    receipt: Receipt, *, shown_key: str, given_key: str | None, witness_keys: Sequence[str], witnesses: int | None
) -> Trust:
    """Whom to believe: the key that the caller gives, else the one of the receipt, else the first that is shown.

    :param shown_key: what the server says that its log's key is.
    :param witnesses: how many of the witnesses have to have cosigned; all of them where it is None.
    :raises VerifierKeyMalformed: a key is not of the form. :raises NoteUnsigned: the log has another key than it had.
    """
    pinned = given_key or receipt.log_key
    log = read_key(shown_key if pinned is None else pinned)
    if read_key(shown_key) != log:
        raise NoteUnsigned(f"The server names another key than that of {log.name}, which was believed before.")
    known = {key.name: key for key in map(read_key, witness_keys)}
    required = len(known) if witnesses is None else witnesses
    if required > len(known):
        raise VerifierKeyMalformed(f"{required} witnesses are to have cosigned, and keys of {len(known)} are given.")
    return Trust(log, tuple(known.values()), required)


def read_shown(data: bytes | None, *, trust: Trust) -> Signed | None:
    """The tree that everybody is shown; None where nothing is published yet.

    :raises LogRefused: as ``require_checkpoint``.
    """
    return None if data is None else require_checkpoint(data, trust=trust)


def read_own(
    answers: Iterable[OwnEntryAnswer], *, trust: Trust, subject_id: str, shown: Signed | None
) -> tuple[list[OwnEntry], list[Signed]]:
    """What the server answered, if all of it checks out; nothing is given out otherwise.

    1. No entry comes twice, nor out of its order.
    2. Each is of a form that there is.
    3. It commits to what is said to be behind it.
    4. That is about this person, and on the entry's day.
    5. Its proof is for its place, and proves it under a checkpoint that may be believed.
    6. It has none only while the tree that everybody was shown before is too small for it.

    :param shown: the tree that everybody was shown before the server was asked.
    :returns: the entries, and every tree that a proof was for.
    :raises VisavisProblem: ``answer_unreadable`` (1). :raises EntryMalformed: 2. :raises OpeningWrong: 3 or 4.
    :raises LogRefused: 5, as ``require_logged``. :raises ProofMissing: 6.
    """
    entries: list[OwnEntry] = []
    trees: dict[bytes, Signed] = {}
    last, size = -1, 0 if shown is None else shown.checkpoint.size
    for answer in answers:
        if answer.index <= last:
            raise problem_here("answer_unreadable", f"Entry {answer.index} comes after entry {last}.")
        last = answer.index
        own = _opened(answer, subject_id=subject_id)
        if own.proof is None:
            if own.index < size:
                raise ProofMissing(f"The tree has {size} entries, and entry {own.index} comes without a proof.")
        else:
            if own.proof.index != own.index:
                raise ProofWrong(f"The proof of entry {own.index} is for entry {own.proof.index}.")
            trees[own.proof.checkpoint] = require_logged(own.text, own.proof, trust=trust)
        entries.append(own)
    return entries, list(trees.values())


def newest_of(trees: Iterable[Signed]) -> Signed | None:
    """The largest tree."""
    return max(trees, key=lambda signed: signed.checkpoint.size, default=None)


def require_one_log(
    trees: Iterable[Signed], *, newest: Signed | None, remembered: Checkpoint | None
) -> Callable[[Fetch], None]:
    """That all these trees are one log, and that it begins with what it showed before.

    :param remembered: the newest tree of the last look.
    :returns: what is left to check with the newest tree's tiles; it raises ``LogRefused``.
    :raises CheckpointStale: the log is smaller than it was. :raises LogForked: two trees of one size differ.
    """
    if newest is None:
        if remembered is not None and remembered.size:
            raise CheckpointStale(f"It shows nothing and has had {remembered.size} entries before.")
        return lambda _fetch: None
    whole = newest.checkpoint
    older = {signed.checkpoint for signed in trees} | ({remembered} if remembered is not None else set())
    for tree in older:
        if tree.size > whole.size:
            raise CheckpointStale(f"It has {whole.size} entries and has had {tree.size} before.")
        if tree.size == whole.size and tree.root != whole.root:
            raise LogForked(f"There are two trees of {whole.size} entries.")

    def check(fetch: Fetch) -> None:
        for tree in sorted(older, key=lambda tree: tree.size):
            if 0 < tree.size < whole.size:
                require_begins_with(tree, whole, fetch)

    return check


def remembered_by(receipt: Receipt) -> Checkpoint | None:
    """The newest tree that the receipt remembers.

    :raises VisavisProblem: ``receipt_unreadable``.
    """
    if receipt.log_checkpoint is None:
        return None
    try:
        return read_checkpoint(read_note(receipt.log_checkpoint.encode()).text)
    except (NoteMalformed, CheckpointMalformed, UnicodeEncodeError):
        raise problem_here("receipt_unreadable", "The receipt's log_checkpoint is not one.") from None


def remembering(receipt: Receipt, *, trust: Trust, newest: Signed | None) -> Receipt:
    """The receipt with what was checked."""
    note = receipt.log_checkpoint if newest is None else str(newest.note)
    return replace(receipt, log_key=str(trust.log), log_checkpoint=note)


def evidence_of(pages: Sequence[OwnLogAnswer], published: bytes | None) -> bytes:
    """What a server said, as JSON, to be kept where it does not check out."""
    said = {
        "checkpoint": None if published is None else published.decode(errors="replace"),
        "pages": [page.model_dump(mode="json") for page in pages],
    }
    return json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"


def log_key_of(pages: Sequence[OwnLogAnswer]) -> str:
    """The key that the server names, on every page the same.

    :raises VisavisProblem: ``answer_unreadable``.
    """
    keys = {page.log_key for page in pages}
    if len(keys) != 1:
        raise problem_here("answer_unreadable", "The pages of one answer name different keys of the log.")
    return keys.pop()


class Wanted(Exception):
    """A resource that a rule asked for and that is not here yet."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def attempt(work: Callable[[Fetch], None], kept: Mapping[str, bytes | LogRefused]) -> None:
    """Do work that reads a log's resources, with those that are here.

    Rules read when they need to, and only a client can wait for an answer: so each resource that is missing ends the
    attempt, is fetched, and the work is begun anew. A tree of a million entries takes about ten of them.

    :raises Wanted: something is missing.
    """

    def fetch(path: str) -> bytes:
        if path not in kept:
            raise Wanted(path)
        found = kept[path]
        if isinstance(found, LogRefused):
            raise found
        return found

    work(fetch)


def _opened(answer: OwnEntryAnswer, *, subject_id: str) -> OwnEntry:
    """One entry, read and opened (2 to 4); its proof is read only."""
    text = answer.entry.encode()
    entry = read_entry(text)
    opened = Opened(_salt(answer.salt), answer.details)
    require_opens(opened, commitment=entry.commitment)
    if answer.details.get("subject") != subject_id:
        raise OpeningWrong(f"Entry {answer.index} is about somebody else.")
    if _day(answer.details.get("at")) != entry.day:
        raise OpeningWrong(f"Entry {answer.index} says one day to everybody and another to you.")
    proof = None if answer.proof is None else read_proof(answer.proof.encode())
    return OwnEntry(answer.index, text, entry, opened, proof)


def _salt(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return _UNREADABLE_SALT


def _day(at: Any) -> str | None:
    try:
        return datetime.fromisoformat(at).date().isoformat()
    except (TypeError, ValueError):
        return None
