"""What a witness takes and what it refuses, check by check."""

import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.submitting import ORIGIN, SomeLog, key_of

from visavis.audit.merkle import EMPTY_ROOT
from visavis.audit.note import MAX_NOTE, Note, NoteSigner, VerifierKey, read_note
from visavis.audit.witnessing import (
    MAX_SUBMISSION,
    MOST_BACK_S,
    contradicts,
    first_lines,
    moment_of,
    read_submission,
    require_cosignable,
    write_submission,
)
from visavis.model.audit import CheckpointMalformed, LogForked, NoteUnsigned, ProofWrong
from visavis.model.witness import OldSizeUnfit, SubmissionMalformed, WitnessClockBack

LOG = SomeLog()
HASH = b64encode(bytes(32))


def judge(body: bytes, *, latest: int | None, log: SomeLog = LOG) -> Note:
    """What the rules say to a body where ``latest`` entries of the honest log were cosigned."""
    known = None if latest is None else log.checkpoint(latest)
    return require_cosignable(read_submission(body), keys=[log.key], latest=known)


# The form


def test_a_submission_is_read_as_it_is_written() -> None:
    steps = [bytes([step]) * 32 for step in range(3)]
    lines = ["old 20852014", *(b64encode(step).decode() for step in steps), "", LOG.note(7).decode()]
    body = "\n".join(lines).encode()
    read = read_submission(body)
    assert (read.old_size, read.proof, read.note) == (20852014, tuple(steps), read_note(LOG.note(7)))
    assert read.checkpoint == LOG.checkpoint(7)
    assert write_submission(old_size=read.old_size, proof=read.proof, note=LOG.note(7)) == body


@pytest.mark.parametrize(
    "change",
    [
        (b"old 3\n", b"old 03\n"),
        (b"old 3\n", b"old -3\n"),
        (b"old 3\n", b"old +3\n"),
        (b"old 3\n", b"old 3 \n"),
        (b"old 3\n", b"old  3\n"),
        (b"old 3\n", b"Old 3\n"),
        (b"old 3\n", b"old\n"),
        (b"old 3\n", b"old 3\r\n"),
        (b"old 3\n", "old \u0663\n".encode()),
        (b"old 3\n", b"old %d\n" % (1 << 63)),
        (b"old 3\n", b"old 99999999999999999999\n"),
        (b"old 3\n", b""),
        (b"old 3\n", b"old 3\nAA==\n"),
        (b"old 3\n", b"old 3\n" + HASH[:-1] + b"\n"),
        (b"old 3\n", b"old 3\n " + HASH + b"\n"),
        (b"old 3\n", b"old 3\n\n"),
        (b"\n\n", b"\n"),
        (b"\nlog.example/a", b"\n\nlog.example/a"),
        (b"\n7\n", b"\n07\n"),
        (b"\n7\n", b"\n7\r\n"),
        (b"\xe2\x80\x94 log", b"- log"),
    ],
)
def test_what_is_not_of_the_form_has_one_name(change: tuple[bytes, bytes]) -> None:
    body = LOG.submission(3, 7)
    assert read_submission(body).old_size == 3
    changed = body.replace(*change, 1)
    assert changed != body
    with pytest.raises(SubmissionMalformed):
        read_submission(changed)


@pytest.mark.parametrize("end", [1, 3, 40])
def test_half_a_submission_is_none(end: int) -> None:
    with pytest.raises(SubmissionMalformed):
        read_submission(LOG.submission(3, 7)[:-end])


def test_63_hashes_are_read_and_64_are_not() -> None:
    most = write_submission(old_size=3, proof=[bytes(32)] * 63, note=LOG.note(7))
    assert len(read_submission(most).proof) == 63
    with pytest.raises(SubmissionMalformed, match="63"):
        read_submission(write_submission(old_size=3, proof=[bytes(32)] * 64, note=LOG.note(7)))


def test_the_largest_submission_fits_and_one_byte_more_does_not() -> None:
    longest = write_submission(old_size=(1 << 63) - 1, proof=[bytes(32)] * 63, note=b"")
    assert len(longest) + MAX_NOTE <= MAX_SUBMISSION
    with pytest.raises(SubmissionMalformed, match="larger"):
        read_submission(LOG.submission(3, 7) + b"x" * MAX_SUBMISSION)


@given(st.binary(max_size=300))
def test_noise_has_one_name(noise: bytes) -> None:
    with pytest.raises(SubmissionMalformed):
        read_submission(noise)


@given(st.data())
def test_a_submission_with_noise_in_it_is_read_or_has_one_name(data: st.DataObject) -> None:
    body = bytearray(LOG.submission(3, 7))
    at = data.draw(st.integers(0, len(body)))
    body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read_submission(bytes(body))
    except SubmissionMalformed:
        return


def test_lines_below_the_third_are_allowed_and_signed() -> None:
    """A witness serves other logs than ours; their own lines are part of what it signs."""
    body = write_submission(old_size=0, proof=[], note=LOG.note(5, more="mirror 17\n"))
    assert judge(body, latest=None).text.endswith("\nmirror 17\n")
    assert first_lines("a\n0\n" + b64encode(EMPTY_ROOT).decode() + "\nmore\n").size == 0
    with pytest.raises(CheckpointMalformed):
        first_lines("a\n0\n" + b64encode(EMPTY_ROOT).decode() + "\n\nmore\n")


# The checks


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_tree_that_goes_on_is_cosigned(one: int, other: int) -> None:
    old, new = sorted((one, other))
    assert judge(LOG.submission(old, new), latest=old).text == LOG.checkpoint(new).text()


@pytest.mark.parametrize("size", [0, 1, 8, 13])
def test_the_first_tree_is_cosigned_without_a_proof(size: int) -> None:
    judge(LOG.submission(0, size), latest=None)


def test_only_the_signatures_that_were_checked_are_kept() -> None:
    text = LOG.checkpoint(5).text()
    strange = NoteSigner("somebody.example", key_of("somebody")).sign(text)
    body = write_submission(old_size=0, proof=[], note=str(Note(text, (strange, LOG.signer.sign(text)))).encode())
    assert judge(body, latest=None).signatures == (LOG.signer.sign(text),)


@pytest.mark.parametrize(
    "signer",
    [
        NoteSigner(ORIGIN, key_of("another key")),
        NoteSigner("log.example/b", key_of("a log's key")),
    ],
    ids=["another key of the name", "the key under another name"],
)
def test_a_checkpoint_that_the_log_did_not_sign_is_refused(signer: NoteSigner) -> None:
    body = write_submission(old_size=3, proof=LOG.prove(3, 7), note=LOG.note(7, by=signer))
    with pytest.raises(NoteUnsigned):
        judge(body, latest=3)


def test_a_signature_of_another_checkpoint_is_refused() -> None:
    (other,) = read_note(LOG.note(6)).signatures
    note = str(Note(LOG.checkpoint(7).text(), (other,))).encode()
    with pytest.raises(NoteUnsigned):
        judge(write_submission(old_size=3, proof=LOG.prove(3, 7), note=note), latest=3)


def test_a_log_may_have_two_keys_and_none_of_their_signatures_may_be_false() -> None:
    text = LOG.checkpoint(5).text()
    second = NoteSigner(ORIGIN, key_of("its next key"))
    keys: list[VerifierKey] = [LOG.key, second.key]

    def judged(*signers: NoteSigner, of: str = text) -> Note:
        note = Note(text, tuple(signer.sign(of if signer is second else text) for signer in signers))
        sent = read_submission(write_submission(old_size=0, proof=[], note=str(note).encode()))
        return require_cosignable(sent, keys=keys, latest=None)

    assert len(judged(LOG.signer).signatures) == len(judged(second).signatures) == 1
    assert len(judged(LOG.signer, second).signatures) == 2
    with pytest.raises(NoteUnsigned):
        judged(LOG.signer, second, of="something else\n")


def test_nothing_else_is_looked_at_before_the_signature() -> None:
    """Whoever has no key learns nothing of what was cosigned, not even how much."""
    stranger = SomeLog(seed="a stranger's key")
    for body in (stranger.submission(0, 7), stranger.submission(7, 7), stranger.submission(2, 9)):
        with pytest.raises(NoteUnsigned):
            judge(body, latest=3)


def test_a_checkpoint_smaller_than_the_old_size_is_malformed() -> None:
    body = write_submission(old_size=8, proof=[], note=LOG.note(7))
    with pytest.raises(SubmissionMalformed, match="smaller"):
        judge(body, latest=8)
    with pytest.raises(SubmissionMalformed, match="smaller"):
        judge(body, latest=3)


@pytest.mark.parametrize(
    ("old", "new", "latest"), [(0, 7, 3), (2, 7, 3), (4, 7, 3), (7, 7, 3), (3, 5, 6), (3, 7, None)]
)
def test_a_proof_from_another_size_is_answered_with_the_right_one(old: int, new: int, latest: int | None) -> None:
    with pytest.raises(OldSizeUnfit) as refused:
        judge(LOG.submission(old, new), latest=latest)
    assert refused.value.size == (latest or 0)


def test_a_log_that_was_rewound_learns_how_far_it_was() -> None:
    with pytest.raises(OldSizeUnfit) as refused:
        judge(LOG.submission(4, 6), latest=9)
    assert refused.value.size == 9


def test_another_tree_of_the_same_size_is_a_fork() -> None:
    other = LOG.forked(4)
    with pytest.raises(LogForked):
        judge(other.submission(7, 7), latest=7)
    assert contradicts(read_submission(other.submission(7, 7)), latest=LOG.checkpoint(7))
    assert contradicts(read_submission(other.submission(3, 7)), latest=LOG.checkpoint(7))
    assert not contradicts(read_submission(LOG.submission(7, 7)), latest=LOG.checkpoint(7))
    assert not contradicts(read_submission(other.submission(7, 8)), latest=LOG.checkpoint(7))
    assert not contradicts(read_submission(other.submission(7, 7)), latest=None)


def test_the_same_tree_again_is_cosigned_again() -> None:
    judge(LOG.submission(7, 7), latest=7)


@given(st.integers(1, 100), st.integers(1, 100), st.data())
def test_a_fork_is_never_cosigned(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, one + other))
    fork = LOG.forked(data.draw(st.integers(0, old - 1)))
    with pytest.raises((ProofWrong, LogForked)):
        judge(fork.submission(old, new), latest=old)


@pytest.mark.parametrize(
    "proof",
    [
        [],
        LOG.prove(3, 7)[:-1],
        [*LOG.prove(3, 7), bytes(32)],
        LOG.prove(3, 7)[::-1],
        LOG.prove(4, 7),
        LOG.prove(3, 8),
        SomeLog(origin="log.example/b").forked(0).prove(3, 7),
        [bytes(32)] * 63,
    ],
    ids=["none", "short", "long", "turned", "from another size", "to another size", "of another tree", "noise"],
)
def test_a_proof_of_something_else_is_refused(proof: list[bytes]) -> None:
    with pytest.raises(ProofWrong):
        judge(write_submission(old_size=3, proof=proof, note=LOG.note(7)), latest=3)


@pytest.mark.parametrize(("old", "new"), [(0, 7), (7, 7)])
def test_where_nothing_is_to_be_proved_a_proof_is_refused(old: int, new: int) -> None:
    with pytest.raises(ProofWrong):
        judge(write_submission(old_size=old, proof=[bytes(32)], note=LOG.note(new)), latest=old or None)


# Time


@given(st.integers(0, 1 << 40), st.none() | st.integers(0, 1 << 40))
def test_the_time_of_cosignatures_never_goes_back(now: int, last: int | None) -> None:
    if last is not None and now < last - MOST_BACK_S:
        with pytest.raises(WitnessClockBack, match=re.escape(f"{last - now} s behind")):
            moment_of(now=now, last=last)
    else:
        assert moment_of(now=now, last=last) == max(now, last or 0)
