"""What a caller was told about people, and what the files of a server say about them."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from visavis.model.consent import INVITES

GONE = "GONE"


@dataclass(frozen=True, slots=True)
class Batch:
    """One enrolment: its photos' numbers, when its person was last asked, and whether they send the photos."""

    state: str
    photos: frozenset[int]
    asked_at: datetime
    invites: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A person as a caller knows them; ``pin`` is None where it was never told, ``like`` names whom they look like."""

    name: str
    gallery_id: str
    retention: timedelta
    key: OKPKey
    state: str
    batches: tuple[Batch, ...] = ()
    subject_id: str | None = None
    link: str | None = None
    pin: str | None = None
    like: str = ""

    @property
    def waiting(self) -> Batch | None:
        """The batch that they have not answered."""
        return next((batch for batch in self.batches if batch.state == "PENDING"), None)

    @property
    def numbers(self) -> frozenset[int]:
        """Of all their photos."""
        return frozenset(number for batch in self.batches for number in batch.photos)

    @property
    def agreed(self) -> bool:
        """Whether they countersigned something that still stands."""
        return self.state in ("ACTIVE", "HELD")

    def without_waiting(self) -> "Known":
        """Their unanswered batch taken out."""
        return replace(self, batches=tuple(b for b in self.batches if b.state != "PENDING"), link=None)

    def gone(self) -> "Known":
        """Withdrawn, or their time is over."""
        return replace(self, state=GONE, batches=(), link=None, pin=None)

    def picture(self) -> tuple[Any, ...]:
        """What the database has to say of them: see ``Files.picture``."""
        if self.state == GONE:
            return (GONE,)
        batches = tuple(sorted((batch.state, len(batch.photos)) for batch in self.batches))
        return (self.state, batches, self.agreed, self.agreed or self.state == "WITHOUT_FACE")


class Files:
    """A copy of a data directory, read as a stranger with a database tool would: opening ours would repair it."""

    def __init__(self, connection: sqlite3.Connection, raw: bytes, folder: Path) -> None:
        self._connection = connection
        self.raw = raw
        self.folder = folder

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query gives."""
        return [tuple(row) for row in self._connection.execute(query, values)]

    def broken_rules(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every rule below that does not hold, with the rows at fault."""
        return {rule: found for rule, query in RULES.items() if (found := self.rows(query))}

    def picture(self, tag: bytes) -> tuple[Any, ...]:
        """A person as the rows have them: state, batches with their number of references, agreed, other way."""
        found = self.rows("SELECT id, state, public_key FROM subjects WHERE reference_tag = ?", tag)
        if not found:
            return (GONE,)
        ((subject_id, state, public_key),) = found
        batches = self.rows(
            'SELECT e.state, count(r.id) FROM enrolments e LEFT JOIN "references" r ON r.enrolment_id = e.id '
            "WHERE e.subject_id = ? GROUP BY e.id",
            subject_id,
        )
        other_way = bool(self.rows("SELECT 1 FROM credentials WHERE id = ?", subject_id))
        return (state, tuple(sorted(batches)), public_key is not None, other_way)

    def secrets(self, tag: bytes) -> frozenset[bytes]:
        """What may not be left of a person who is gone: their key, and all that was sealed with it."""
        query = """
            SELECT k.wrapped FROM subject_keys k JOIN subjects s ON s.id = k.id WHERE s.reference_tag = ?1
            UNION SELECT sealed_personal FROM subjects WHERE reference_tag = ?1
            UNION SELECT r.sealed FROM "references" r JOIN subjects s ON s.id = r.subject_id WHERE s.reference_tag = ?1
        """
        return frozenset(bytes(value) for (value,) in self.rows(query, tag))


def _copied(source: str, target: str) -> None:
    """A file of the published log gets its name when it is whole; under the name it had before it is gone by then."""
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)


@contextmanager
def files_in(folder: Path) -> Iterator[Files]:
    """A data directory as it lies there now. No write may be under way, or its process has to be dead."""
    with tempfile.TemporaryDirectory(prefix="vv") as copy:
        copied = shutil.copytree(folder / "data", Path(copy) / "data", copy_function=_copied)
        raw = b"".join(path.read_bytes() for path in sorted(copied.rglob("*")) if path.is_file())
        (copied / "visavis.db-shm").unlink(missing_ok=True)  # an index of the log; made anew from what counts
        with closing(sqlite3.connect(copied / "visavis.db")) as connection:
            yield Files(connection, raw, copied)


RULES = {
    "the database is whole": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "nothing refers to what is not there": "SELECT * FROM pragma_foreign_key_check",
    "a subject has a key": "SELECT id FROM subjects EXCEPT SELECT id FROM subject_keys",
    "a key has a subject": "SELECT id FROM subject_keys EXCEPT SELECT id FROM subjects",
    "an enrolment has references, unless its link invites the person to send photos": f"""
        SELECT id FROM enrolments WHERE NOT (state = 'PENDING' AND substr(link_hash, 1, 8) = x'{INVITES.hex()}')
        EXCEPT SELECT enrolment_id FROM "references" """,  # noqa: S608 -- a constant of ours
    "a reference has its subject's enrolment": """
        SELECT r.id FROM "references" r LEFT JOIN enrolments e ON e.id = r.enrolment_id AND e.subject_id = r.subject_id
        WHERE e.id IS NULL""",
    "an enrolment has one receipt, of the same subject": """
        SELECT e.id FROM enrolments e LEFT JOIN receipts r ON r.enrolment_id = e.id AND r.subject_id = e.subject_id
        GROUP BY e.id HAVING count(r.id) <> 1""",
    "a receipt has an enrolment": "SELECT enrolment_id FROM receipts EXCEPT SELECT id FROM enrolments",
    "what is not waiting is countersigned, and nothing else": """
        SELECT e.id FROM enrolments e JOIN receipts r ON r.enrolment_id = e.id
        WHERE (e.state = 'PENDING') <> (r.countersignature IS NULL)""",
    "what is waiting has a link": "SELECT id FROM enrolments WHERE state = 'PENDING' AND link_hash IS NULL",
    "whoever is active has an active enrolment": """
        SELECT id FROM subjects WHERE state = 'ACTIVE'
        EXCEPT SELECT subject_id FROM enrolments WHERE state = 'ACTIVE'""",
    "whoever is held has a held enrolment and no active one": """
        SELECT s.id FROM subjects s LEFT JOIN enrolments e ON e.subject_id = s.id WHERE s.state = 'HELD'
        GROUP BY s.id HAVING sum(e.state = 'HELD') IS NOT 1 OR sum(e.state = 'ACTIVE') > 0""",
    "whoever has not agreed has nothing that was agreed to": """
        SELECT s.id FROM subjects s LEFT JOIN enrolments e ON e.subject_id = s.id AND e.state <> 'PENDING'
        WHERE s.state IN ('PENDING', 'WITHOUT_FACE') AND (e.id IS NOT NULL OR s.public_key IS NOT NULL)""",
    "whoever agreed has a public key": """
        SELECT id FROM subjects WHERE state IN ('ACTIVE', 'HELD') AND public_key IS NULL""",
    "whoever answered has the other way, and nobody else": """
        SELECT s.id FROM subjects s LEFT JOIN credentials c ON c.id = s.id
        WHERE (s.state = 'PENDING') <> (c.id IS NULL)""",
    "whoever waits without an offer does not wait": """
        SELECT id FROM subjects WHERE state = 'PENDING' EXCEPT SELECT subject_id FROM enrolments""",
    "what is held is in the queue": """
        SELECT id FROM enrolments WHERE state = 'HELD' EXCEPT SELECT enrolment_id FROM reviews""",
    "what is in the queue for its photos is held": """
        SELECT v.id FROM reviews v JOIN enrolments e ON e.id = v.enrolment_id WHERE e.state <> 'HELD'""",
    "whoever withdrew is not there": "SELECT subject_id FROM tombstones INTERSECT SELECT id FROM subjects",
    "a decision has used its session": """
        SELECT d.id FROM decisions d JOIN sessions s ON s.id = d.session_id WHERE s.state <> 'USED'""",
    "answers about nobody are not kept": """
        SELECT id FROM answered WHERE subject_id IS NOT NULL AND subject_id NOT IN (SELECT id FROM subjects)""",
}
"""What holds at every moment, whatever was going on: each query finds the rows that break its rule."""
