"""What can go wrong between a log and its witnesses, and what a witness refuses."""

from visavis.model.audit import LogRefused
from visavis.model.errors import Kind, RequestRefused, StartupError


class WitnessFailed(LogRefused):
    """The log asked a witness and has no cosignature of it."""


class WitnessUnreachable(WitnessFailed):
    """A witness did not answer in time, or says that it cannot now."""

    code = "witness_unreachable"
    kind = Kind.UNAVAILABLE
    mend = "It is asked again with the next checkpoint; if it stays, check its address and ask who runs it."


class WitnessRefusing(WitnessFailed):
    """A witness does not take this log's checkpoints."""

    code = "witness_refusing"
    mend = "Give whoever runs the witness this log's key, for 'visavis witness accept'."


class WitnessConflict(WitnessFailed):
    """A witness has cosigned a tree that is not the beginning of this one."""

    code = "witness_conflict"
    mend = "Stop the server and keep its data: the log was forked or edited. Ask the witness for the tree it has seen."


class WitnessAhead(WitnessFailed):
    """A witness has cosigned a larger tree of this log than there is: the log was set back."""

    code = "witness_ahead"
    mend = "Stop the server: its data are older than what was published. Put the newest data back, or begin a new log."


class WitnessWrong(WitnessFailed):
    """A witness answers what no witness may."""

    code = "witness_wrong"
    mend = "Check its address and key; if they are right do without it, and tell whoever runs it."


class WitnessRefused(RequestRefused):
    """As a witness we do not cosign what was sent."""


class SubmissionMalformed(WitnessRefused):
    """What was sent to a witness is no checkpoint with its consistency proof (C2SP tlog-witness)."""

    code = "submission_malformed"
    mend = "Send an old size, at most 63 hashes, an empty line and a signed checkpoint that is not smaller."


class LogUnknown(WitnessRefused):
    """The witness does not watch a log of this name."""

    code = "log_unknown"
    kind = Kind.NOT_FOUND
    mend = "Ask whoever runs the witness to trust the log's key."


class OldSizeUnfit(WitnessRefused):
    """The proof does not begin at the tree that the witness cosigned last.

    :param size: how large that tree was.
    """

    code = "old_size_unfit"
    kind = Kind.CONFLICT
    mend = "Send a proof from the size that the answer names."

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None, size: int = 0) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.size = size


class WitnessClockBack(WitnessRefused):
    """The witness's clock is behind what it has already signed."""

    code = "witness_clock_back"
    kind = Kind.UNAVAILABLE
    mend = "Set the witness's clock right; if it ran ahead when it signed, make a new witness under another name."


class WitnessStopped(WitnessRefused):
    """The witness could not write down what it was about to sign, so it signs nothing any more."""

    code = "witness_stopped"
    kind = Kind.UNAVAILABLE
    mend = "Look at the witness's log and disk; it answers again after the cause is mended and it was restarted."


class WitnessStateMissing(StartupError):
    """There is no witness in the folder."""

    code = "witness_state_missing"
    mend = "Run 'visavis witness init' once, or name the folder of a witness that there is with --state."


class WitnessStateUnsafe(StartupError):
    """Others can read or change the witness's folder or key."""

    code = "witness_state_unsafe"
    mend = "Run 'chmod 700' on the folder and 'chmod 600' on the files in it; make a new witness if anybody was there."


class WitnessStateDamaged(StartupError):
    """What the witness has written down does not check out."""

    code = "witness_state_damaged"
    mend = "Do not put a backup back: it would forget what it signed. Make a new witness under another name."
