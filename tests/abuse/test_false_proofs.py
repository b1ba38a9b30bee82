"""False signatures of witnesses, and proofs that prove something else.

Who: whoever runs the server. What they have: the log's key, and every true proof and signature there is. What they must
not get: a witness who counts twice or for another text, and a proof that is believed for what it is not of.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sim.evil_log import EvilLog
from support.auditor import BEFORE, LOG, SIZE, TRUST, audit, edited, head, signed, with_edited
from support.log_builder import NOW, LogBuilder, signer_of, witness_of

from visavis.audit.checkpoint import Trust, read_checkpoint
from visavis.audit.merkle import prove_consistency
from visavis.audit.note import read_note
from visavis.audit.proof import require_logged
from visavis.audit.witnessing import Submission, require_cosignable
from visavis.model.audit import (
    CheckpointForeign,
    CosignaturesMissing,
    LogForked,
    LogRefused,
    NoteMalformed,
    NoteUnsigned,
    ProofWrong,
)
from visavis.model.witness import OldSizeUnfit, SubmissionMalformed

ANN, BEN = witness_of(1), witness_of(2)
BOTH = Trust(LOG.key, [ANN.key, BEN.key], 2)


def test_the_cosignatures_that_are_required_are_enough(log: EvilLog, honest: LogBuilder) -> None:
    log.lies["checkpoint"] = honest.note(cosigners=[ANN, BEN])
    audit(log, trust=BOTH)


def cosigned(honest: LogBuilder, *lines: str) -> bytes:
    return honest.note() + "".join(lines).encode()


def test_a_cosignature_of_another_text_is_refused(log: EvilLog, honest: LogBuilder) -> None:
    other = head(honest).text().replace("600", "599")
    ben = BEN.cosign(head(honest).text(), moment=NOW).line()
    log.lies["checkpoint"] = cosigned(honest, ANN.cosign(other, moment=NOW).line(), ben)
    with pytest.raises(NoteUnsigned, match=ANN.name):
        audit(log, trust=BOTH)


def test_a_cosignature_with_another_time_is_refused(log: EvilLog, honest: LogBuilder) -> None:
    real = ANN.cosign(head(honest).text(), moment=NOW)
    later = replace(real, signature=(NOW + 1).to_bytes(8) + real.signature[8:])
    log.lies["checkpoint"] = cosigned(honest, later.line())
    with pytest.raises(NoteUnsigned, match=ANN.name):
        audit(log, trust=Trust(LOG.key, [ANN.key], 1))


def test_a_witness_counts_once(log: EvilLog, honest: LogBuilder) -> None:
    text = head(honest).text()
    twice = [ANN.cosign(text, moment=NOW + later).line() for later in (0, 1)]
    log.lies["checkpoint"] = cosigned(honest, *twice)
    with pytest.raises(CosignaturesMissing, match="1 of the known witnesses"):
        audit(log, trust=BOTH)
    with pytest.raises(CosignaturesMissing):
        audit(log, trust=Trust(LOG.key, [ANN.key, ANN.key], 2))


def test_a_witness_that_nobody_knows_does_not_count(log: EvilLog, honest: LogBuilder) -> None:
    log.lies["checkpoint"] = honest.note(cosigners=[ANN, witness_of(3), witness_of(4)])
    with pytest.raises(CosignaturesMissing):
        audit(log, trust=BOTH)


def submission(log: LogBuilder, old: int, *, note: bytes | None = None, proof: tuple[bytes, ...] | None = None) -> Any:
    signed_note = read_note(note or log.note())
    steps = prove_consistency(old, log.tree.size, log.tree.read) if proof is None else proof
    return Submission(old, tuple(steps), signed_note, read_checkpoint(signed_note.text))


def test_a_witness_refuses_the_same_lies(honest: LogBuilder, tmp_path: Path) -> None:
    latest = read_checkpoint(read_note(honest.note(BEFORE)).text)
    require_cosignable(submission(honest, BEFORE), keys=[LOG.key], latest=latest)
    forked = LogBuilder(tmp_path / "forged").add(with_edited(honest))
    same_size = LogBuilder(tmp_path / "same").add(with_edited(honest)[:BEFORE])
    older = LogBuilder(tmp_path / "older").add(honest.entries[:200])
    lies: list[tuple[Any, type[Exception]]] = [
        (submission(forked, BEFORE), ProofWrong),
        (submission(same_size, BEFORE), LogForked),
        (submission(older, 200), OldSizeUnfit),
        (submission(older, BEFORE, proof=()), SubmissionMalformed),
        (submission(honest, 0, proof=()), OldSizeUnfit),
        (submission(honest, BEFORE, proof=()), ProofWrong),
        (submission(honest, BEFORE, note=signed(head(honest), by=signer_of(2))), NoteUnsigned),
        (submission(honest, BEFORE, proof=tuple(prove_consistency(299, SIZE, honest.tree.read))), ProofWrong),
    ]
    for sent, error in lies:
        with pytest.raises(error):
            require_cosignable(sent, keys=[LOG.key], latest=latest)


# Proofs in files.


def test_a_proof_is_of_this_entry_in_this_log_or_refused(honest: LogBuilder, tmp_path: Path) -> None:
    proof, entry = honest.proof(100), honest.entries[100]
    require_logged(entry, proof, trust=TRUST)
    forked = LogBuilder(tmp_path / "forged").add(with_edited(honest))
    lies: list[tuple[bytes, Any, type[LogRefused]]] = [
        (edited(honest), proof, ProofWrong),
        (honest.entries[101], proof, ProofWrong),
        (entry, honest.proof(101), ProofWrong),
        (entry, replace(proof, index=101), ProofWrong),
        (entry, replace(proof, index=SIZE), ProofWrong),
        (entry, replace(proof, path=proof.path[:-1]), ProofWrong),
        (entry, replace(proof, path=(*proof.path, bytes(32))), ProofWrong),
        (honest.entries[101], replace(forked.proof(101), checkpoint=proof.checkpoint), ProofWrong),
        (edited(honest), replace(forked.proof(100), checkpoint=proof.checkpoint), ProofWrong),
        (entry, replace(proof, checkpoint=honest.note(599)), ProofWrong),
        (entry, replace(proof, checkpoint=signed(head(honest), by=signer_of(2))), NoteUnsigned),
        (entry, replace(proof, checkpoint=signed(replace(head(honest), origin="other.example"))), CheckpointForeign),
        (entry, replace(proof, checkpoint=b"no"), NoteMalformed),
    ]
    for shown, false, error in lies:
        with pytest.raises(error):
            require_logged(shown, false, trust=TRUST)
    with pytest.raises(CosignaturesMissing):
        require_logged(entry, proof, trust=BOTH)
