"""The words of the transparency log, and everything a log can be refused for."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from visavis.model.errors import IntegrityError, Kind, Refusal, RequestRefused, StartupError


class Event(Enum):
    """What an entry of the log says; there are no others."""

    # About one person in one gallery; their entries share a random handle.
    OFFER = "offer"
    """Photos were enrolled, and the person is asked; the matcher does not know them."""
    GRANT = "grant"
    """The person countersigned."""
    DECLINE = "decline"
    """The person said no."""
    ENROL = "enrol"
    """The photos a grant is for count from now on. Whether an operator has to look first is not told here (rule S3)."""
    LAPSE = "lapse"
    """One batch of photos ended: not answered in time, over, or taken out after a review."""
    ADMIT = "admit"
    """Somebody is served without their face."""
    CREDENTIAL = "credential"
    """They were given a PIN and a QR code."""
    WITHDRAW = "withdraw"
    """They withdrew."""
    ERASE = "erase"
    """Their key and everything under it were destroyed; no entry of this handle follows."""
    CARRY = "carry"
    """They were here before the log began; such entries come first of all."""
    # About an act at a station or at somebody's own device.
    SESSION = "session"
    """A session was opened."""
    DECISION = "decision"
    """What was decided in it."""
    # About those who run the server.
    READING = "reading"
    """Personal data was read."""
    EXPORT = "export"
    """Personal data left the server as a file."""
    REVIEW = "review"
    """A person looked at what the machine did not decide."""
    KEY = "key"
    """A key that opens something was made, replaced or ended."""
    POLICY = "policy"
    """What the server promises or allows was changed."""
    START = "start"
    """The server started, with this release, these models and these rules."""
    UNSEAL = "unseal"
    """Custodians gave it its root key."""
    SEAL = "seal"
    """It was told to end."""
    BACKUP = "backup"
    """A backup was made."""
    RESTORE = "restore"
    """A backup was brought back; who was erased since is not revived by it."""


LIFECYCLE = frozenset(
    {
        Event.OFFER,
        Event.GRANT,
        Event.DECLINE,
        Event.ENROL,
        Event.LAPSE,
        Event.ADMIT,
        Event.CREDENTIAL,
        Event.WITHDRAW,
        Event.ERASE,
        Event.CARRY,
    }
)
"""Events about one person; their entries have a handle."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens the commitment of one entry for the person it is about: salt and details, sealed under their key.

    ``tag`` is an HMAC under the same key: without it nobody can tell whose openings these are. ``expires_at`` is None
    where it is kept as long as the person.
    """

    id: str
    tag: bytes
    entry_index: int
    sealed: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogHead:
    """The log's tree as it was committed.

    ``edge`` are the roots of its perfect subtrees, ``note`` the signed text, ``last_day`` the newest day of an entry.
    """

    size: int
    edge: tuple[bytes, ...]
    note: bytes
    last_day: date


class LogRefused(IntegrityError):
    """A log, a proof or a witness does not check out: do not believe it, and tell others."""


class VerifierKeyMalformed(RequestRefused):
    """A line is not the key of a log or a witness."""

    code = "verifier_key_malformed"
    mend = "Copy the whole line: a name, '+', eight hexadecimal digits, '+' and the key in base64."


class NoteMalformed(LogRefused):
    """A signed note is not of the form (C2SP signed-note)."""

    code = "note_malformed"
    mend = "Whatever answered is not this log; check the address, and keep what it sent."


class NoteUnsigned(LogRefused):
    """The signature of a key that is trusted is missing or false."""

    code = "note_unsigned"
    mend = "Do not believe it. Check that the key is this log's, from a source other than the log."


class CheckpointMalformed(LogRefused):
    """A checkpoint is not of the form (C2SP tlog-checkpoint)."""

    code = "checkpoint_malformed"
    mend = "Keep it: the log signed something that is no checkpoint."


class CheckpointForeign(LogRefused):
    """A checkpoint of another log."""

    code = "checkpoint_foreign"
    mend = "Check the address and the key: their names have to be the same."


class CheckpointStale(LogRefused):
    """The log shows an older tree than it has shown before."""

    code = "checkpoint_stale"
    mend = "Ask again later and elsewhere; if it stays, the log was rewound: keep both checkpoints as evidence."


class LogForked(LogRefused):
    """The log signed two trees of which neither is the beginning of the other."""

    code = "log_forked"
    mend = "Keep both checkpoints: together they prove that the log shows different people different histories."


class CosignaturesMissing(LogRefused):
    """Fewer witnesses than required have cosigned."""

    code = "cosignatures_missing"
    mend = "Wait for the witnesses; if it stays, ask them which tree they have seen."


class ResourceMissing(LogRefused):
    """A tile, a bundle or the checkpoint is not there."""

    code = "log_resource_missing"
    mend = "Check the address; if it stays, the log hides a part of itself that its checkpoint promises."


class LogUnreachable(LogRefused):
    """Nobody answers at the log's address, or not in a way that can be used."""

    code = "log_unreachable"
    kind = Kind.UNAVAILABLE
    mend = "Check the address and the network, and try again."


class TileMalformed(LogRefused):
    """A tile is longer or shorter than the tree says."""

    code = "tile_malformed"
    mend = "Keep it: the log serves something that its checkpoint does not promise."


class TileWrong(LogRefused):
    """The tiles do not make the tree of the checkpoint."""

    code = "tile_wrong"
    mend = "Keep tile and checkpoint: together they prove that entries were changed, left out or put in another order."


class EntryMalformed(LogRefused):
    """A bundle does not hold the entries it should, or an entry is not of its form."""

    code = "entry_malformed"
    mend = "Keep it: the log serves entries that its rules do not allow."


class EntryWrong(LogRefused):
    """An entry is not the one whose hash is in the tree."""

    code = "entry_wrong"
    mend = "Keep the entry and the checkpoint: the log shows something else than it committed to."


class ProofMalformed(LogRefused):
    """A proof is not of the form (C2SP tlog-proof)."""

    code = "proof_malformed"
    mend = "Ask for the proof again."


class ProofWrong(LogRefused):
    """A proof does not prove what it is given for."""

    code = "proof_wrong"
    mend = "Do not believe it. Keep proof and checkpoint, and show them to an auditor."


class ProofMissing(LogRefused):
    """The tree is large enough to have an entry, and there is no proof that it has it."""

    code = "proof_missing"
    mend = "Ask again in a while. If it stays, keep the answer: the server tells you of what it does not tell others."


class OpeningWrong(LogRefused):
    """What is said to be behind an entry is not what it commits to."""

    code = "opening_wrong"
    mend = "Do not believe it. Keep the answer, and show it to an auditor."


class GrammarBroken(LogRefused):
    """The entries tell something that may not happen."""

    code = "grammar_broken"
    mend = "Keep the entries that are named: the server did what its rules forbid."


class LogClosed(Refusal):
    """The log takes no entries, so nothing that has to be in it is done or answered."""

    kind = Kind.UNAVAILABLE


class LogStopped(LogClosed):
    """A commit failed, and nobody knows what the disk has."""

    code = "log_stopped"
    mend = "Look at the server's log and disk, and mend the cause; if this stays, start the server again."


class LogMoved(LogClosed):
    """Another process wrote to the log at the same time; neither forks it, and this one did nothing."""

    code = "log_moved"
    mend = "Let one server process use this database, and start it again."


class AuditMemoryUnusable(StartupError):
    """The file in which an auditor remembers a log is damaged, or another log's."""

    code = "audit_memory_unusable"
    mend = "Check --log-key and the file's name. To begin anew name another file, and keep this one: it is evidence."


class LogRenamed(StartupError):
    """The log has another name than the settings say."""

    code = "log_renamed"
    mend = "Leave VISAVIS_LOG_ORIGIN out, or set it to the name that the log began with."


class WitnessesUnreadable(StartupError):
    """The file of witnesses cannot be read, or a line of it is not of the form."""

    code = "witnesses_unreadable"
    mend = "One witness a line: its key, a space and its address; '#' begins a remark. List as many as are required."


class LogDamaged(StartupError):
    """The log on the disk is not the one that was committed."""

    code = "log_damaged"
    mend = "Restore the folder 'log' of the data directory from a backup or a mirror; the database has the newest part."


class LogUnpublished(LogClosed):
    """Too much time went by since the log could be published."""

    code = "log_unpublished"
    mend = "Look at the server's log: the disk or the witnesses keep it; it goes on by itself when they answer again."
