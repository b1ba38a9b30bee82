"""An auditor who looks at a log that may lie, and what it takes to make one."""

from pathlib import Path

from sim.evil_log import EvilLog

from support.log_builder import LogBuilder, built, signer_of
from visavis import bootstrap_audit
from visavis.adapters.log_source import Patience
from visavis.audit.checkpoint import Checkpoint, Trust, read_checkpoint
from visavis.audit.note import Note, NoteSigner, read_note
from visavis.audit.verify import Known

SIZE, BEFORE = 600, 300
"""Two full tiles and one that is not; and what was seen before, in the middle of the second."""

LOG = signer_of()
TRUST = Trust(LOG.key)
PATIENT = Patience(pause_s=0.01)
HURRIED = Patience(read_s=0.5, resource_s=0.5, pause_s=0.01)


def audit(log: EvilLog, *, trust: Trust = TRUST, known: Known | None = None, patience: Patience = PATIENT) -> Known:
    with bootstrap_audit.open_source(log.url, patience=patience) as source:
        return bootstrap_audit.audit(source, trust=trust, known=known)


def seen_before(log: EvilLog, folder: Path, *, size: int = BEFORE) -> Known:
    """What an honest log of this size makes an auditor remember."""
    shown = log.folder
    log.shows(built(folder / "before", size).folder)
    known = audit(log)
    log.shows(shown)
    return known


def forged(entries: list[bytes], folder: Path) -> Path:
    """A log with other entries, and everything else as it should be: only the log's key can do this."""
    other = LogBuilder(folder / "forged").add(entries)
    other.publish()
    return other.folder


def signed(checkpoint: Checkpoint, *, by: NoteSigner = LOG) -> bytes:
    text = checkpoint.text()
    return str(Note(text, (by.sign(text),))).encode()


def signed_text(text: str, *, by: NoteSigner = LOG) -> bytes:
    return str(Note(text, (by.sign(text),))).encode()


def head(honest: LogBuilder) -> Checkpoint:
    return read_checkpoint(read_note(honest.fetch("checkpoint")).text)


def edited(honest: LogBuilder, index: int = 100) -> bytes:
    """An entry with another day."""
    return honest.entries[index].replace(b'"day":"2026-01-01"', b'"day":"2026-01-02"')


def with_edited(honest: LogBuilder) -> list[bytes]:
    return [*honest.entries[:100], edited(honest), *honest.entries[101:]]
