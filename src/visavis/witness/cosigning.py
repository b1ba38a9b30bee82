"""What a witness does with what it is sent: check, remember, sign; one request after the other."""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from structlog import get_logger

from visavis.audit.note import Cosigner, Note, Signature, VerifierKey, signatures_of
from visavis.audit.witnessing import (
    Cosigned,
    Submission,
    contradicts,
    moment_of,
    read_submission,
    require_cosignable,
)
from visavis.logs import trace
from visavis.model.audit import LogForked, ProofWrong
from visavis.model.witness import OldSizeUnfit, WitnessStopped

log = get_logger(__name__)


class Log(Protocol):
    """One log as it is watched."""

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys that it may sign with."""

    @property
    def latest(self) -> Cosigned | None:
        """What was cosigned last; None if nothing was."""


class Memory(Protocol):
    """What a witness remembers of logs, by their names."""

    def watched(self, origin: str) -> Log:
        """One log.

        :raises LogUnknown: it is not watched.
        """

    def keep(self, origin: str, latest: Cosigned) -> None:
        """Remember what is cosigned last; the disk has it when this returns.

        :raises OSError: the disk does not take it.
        """

    def keep_evidence(self, origin: str, submission: bytes, *, code: str) -> bool:
        """Keep what a log signed, beside what was cosigned of it; False if it is known, or enough is there.

        :raises OSError: the disk does not take it.
        """


class Cosigning:
    """Signs what continues what was cosigned last.

    To compare and to remember are one step, and the disk has it before anybody sees the signature.

    :param now: seconds since 1970.
    """

    def __init__(self, memory: Memory, cosigner: Cosigner, *, now: Callable[[], int]) -> None:
        self._memory: Final = memory
        self._cosigner: Final = cosigner
        self._now: Final = now
        self._one_at_a_time: Final = threading.Lock()
        self._stopped = False

    def add_checkpoint(self, body: bytes) -> Signature:
        """The cosignature of the checkpoint in a request.

        :raises SubmissionMalformed, LogUnknown, NoteUnsigned, OldSizeUnfit, LogForked, ProofWrong: see
            ``require_cosignable``. :raises WitnessClockBack: see ``moment_of``. :raises WitnessStopped: the disk did
            not take what was to be signed, now or earlier.
        """
        sent = read_submission(body)
        origin = sent.checkpoint.origin
        with self._one_at_a_time:
            if self._stopped:
                raise WitnessStopped
            known = self._memory.watched(origin)
            latest = None if known.latest is None else known.latest.checkpoint
            try:
                signed = require_cosignable(sent, keys=known.keys, latest=latest)
            except (OldSizeUnfit, LogForked, ProofWrong) as refusal:
                if contradicts(sent, latest=latest):
                    self._tell(origin, body, LogForked.code)
                elif isinstance(refusal, ProofWrong):
                    self._tell(origin, body, refusal.code)
                raise
            return self._cosign(sent, signed, known.latest)

    def _cosign(self, sent: Submission, signed: Note, latest: Cosigned | None) -> Signature:
        moment = moment_of(now=self._now(), last=None if latest is None else latest.moment)
        signature = self._cosigner.cosign(signed.text, moment=moment)
        # The same checkpoint in the same second: its signature is the one that is remembered.
        if latest is None or signature not in signatures_of(latest.note, self._cosigner.key):
            note = Note(signed.text, (*signed.signatures, signature))
            try:
                self._memory.keep(sent.checkpoint.origin, Cosigned(note, sent.checkpoint, moment))
            except OSError as error:
                # What the disk has now is unknown: the next request would be compared with a guess.
                self._stopped = True
                log.error("witness_stopped", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- types and places only
                raise WitnessStopped from None
        return signature

    def _tell(self, origin: str, body: bytes, code: str) -> None:
        """Keep what may prove that a log forked; that it is refused does not depend on it."""
        try:
            if self._memory.keep_evidence(origin, body, code=code):
                log.error("evidence", code=code)
        except OSError as error:
            log.error("evidence", code=code, error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- as above
