"""Each bound holds on its very edge, and what is refused says what would have been allowed."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sim.faces import CALIBRATION

from visavis.decide.judge import judge_many, judge_one
from visavis.decide.station_lock import after_probe
from visavis.decide.target import Bound, Room, capacity, require_statable
from visavis.decide.tries import (
    FORGET_AFTER,
    PIN,
    Limits,
    after_failure,
    claim_tries,
    is_failed_try,
    of_face,
    own_tries,
    require_try,
    visit_tries,
)
from visavis.model.access import FREE_TRIES, MAX_TRIES, FaceDisabled, TooManyTries, Tries
from visavis.model.challenge import CaptureLate, ChallengeNotDone, FaceFlat, FaceLost
from visavis.model.decision import Outcome
from visavis.model.errors import Refusal
from visavis.model.face import NoFace
from visavis.model.pad import AttackSuspected
from visavis.model.purpose import LivenessMode, Purpose, PurposeInvalid, TargetKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PURPOSE = Purpose("pur_a", "n", "c", "c", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)


def failed(times: int, *, now: datetime = NOW, limits: Limits = PIN) -> Tries:
    """The record of so many wrong tries at one moment."""
    tries = None
    for _ in range(times):
        tries = after_failure(tries, tries_id="tries_a", limits=limits, now=now)
    assert tries is not None
    return tries


def test_a_gallery_of_one_can_promise_what_the_model_can() -> None:
    assert capacity(replace(PURPOSE, target=1e-5), calibration=CALIBRATION) == Room(1, Bound.FMR)


def test_nobody_promises_to_be_never_wrong() -> None:
    with pytest.raises(PurposeInvalid):
        require_statable(replace(PURPOSE, target=0.0), calibration=CALIBRATION)


def test_a_target_that_is_refused_is_told_between_what_it_may_lie() -> None:
    with pytest.raises(PurposeInvalid) as refused:
        require_statable(replace(PURPOSE, target=0.75), calibration=CALIBRATION)
    assert refused.value.detail == (
        "target: 0.75 is not between 1e-05, the lowest rate that the model's calibration can promise, and 0.5."
    )


def test_whoever_is_matched_or_looked_at_again_is_recorded_with_the_score_that_did_it() -> None:
    assert judge_one(score=0.7, threshold=0.6, subject_id="sub_a").score == 0.7
    assert judge_many([("sub_a", 0.7)], threshold=0.6, margin_from=0.5).score == 0.7
    again = judge_many([("sub_a", 0.8), ("sub_b", 0.7)], threshold=0.6, margin_from=0.5)
    assert (again.outcome, again.subject_id, again.score) == (Outcome.REVIEW, "sub_a", 0.8)


def lock_of(probes: list[bool]) -> tuple[str, bool]:
    """The window and the lock of a station after probes that matched somebody or nobody."""
    window, locks = "", False
    for matched in probes:
        window, locks = after_probe(window, matched=matched)
    return window, locks


def test_twenty_five_strangers_do_not_lock_a_station_and_one_more_does() -> None:
    assert lock_of([False] * 25) == ("1" * 25, False)
    assert lock_of([False] * 26) == ("1" * 26, True)
    assert lock_of([True, False] * 25) == ("01" * 25, False)
    assert lock_of([True] * 24 + [False] * 26) == ("0" * 24 + "1" * 26, True)


def test_a_stranger_counts_until_fifty_more_came_by() -> None:
    assert lock_of([False] * 26 + [True] * 24)[1]
    assert not lock_of([False] * 26 + [True] * 25)[1]
    assert lock_of([False] * 26 + [True] * 100) == ("0" * 50, False)


def test_wrong_tries_are_counted_under_the_name_they_were_made_against() -> None:
    assert failed(1) == Tries("tries_a", 1, NOW, NOW + FORGET_AFTER)
    assert failed(2).failures == 2
    assert (own_tries("sub_a"), claim_tries(b"a"), visit_tries(b"a")) == ("face sub_a", "claim 61", "visit 61")


def test_wrong_tries_are_forgotten_a_month_after_the_wait_they_brought() -> None:
    assert failed(FREE_TRIES).forget_at == NOW + timedelta(days=30, seconds=30)
    assert failed(MAX_TRIES - 1).forget_at == NOW + timedelta(days=30, hours=1)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_a_block_lasts_as_long_as_anybody_can_be_kept(zone: timezone) -> None:
    for failures in (MAX_TRIES, MAX_TRIES + 1):
        assert failed(failures, now=NOW.astimezone(zone)).forget_at == NOW + timedelta(days=1096)


def test_the_last_try_before_the_block_is_one_and_the_next_is_none() -> None:
    require_try(failed(MAX_TRIES - 1), limits=PIN, now=NOW + timedelta(hours=1))
    with pytest.raises(TooManyTries) as blocked:
        require_try(failed(MAX_TRIES), limits=PIN, now=NOW + timedelta(hours=1))
    assert blocked.value.detail == "Nothing more is tried here after too many wrong tries."


def test_a_try_that_comes_too_early_is_told_that_it_was_wrong_tries() -> None:
    with pytest.raises(TooManyTries) as early:
        require_try(failed(FREE_TRIES), limits=PIN, now=NOW)
    assert (early.value.detail, early.value.retry_after_s) == ("Too many wrong tries.", 30)


def test_a_wait_never_passes_an_hour_however_many_tries_there_were() -> None:
    waits = [(failed(n).next_at - NOW).total_seconds() for n in range(FREE_TRIES, MAX_TRIES)]
    assert waits[:8] == [30, 60, 120, 240, 480, 960, 1920, 3600]
    assert set(waits[8:]) == {3600}
    assert not any(math.isinf(wait) for wait in waits)


@pytest.mark.parametrize(
    ("mode", "free", "most"),
    [
        (LivenessMode.ATTENDED, 5, 50),
        (LivenessMode.PASSIVE, 10, 100),
        (LivenessMode.ACTIVE, 10, 100),
        (LivenessMode.ACTIVE_ATTESTED, 10, 100),
    ],
)
def test_faces_may_be_wrong_as_often_as_the_standard_allows(mode: LivenessMode, free: int, most: int) -> None:
    """NIST SP 800-63B-4, 3.2.3."""
    limits = of_face(mode)
    assert (limits.free, limits.most) == (free, most)
    require_try(failed(free - 1, limits=limits), limits=limits, now=NOW)
    with pytest.raises(TooManyTries) as early:
        require_try(failed(free, limits=limits), limits=limits, now=NOW)
    assert (type(early.value), early.value.retry_after_s) == (TooManyTries, 30)
    require_try(failed(free, limits=limits), limits=limits, now=NOW + timedelta(seconds=30))
    assert (failed(free + 1, limits=limits).next_at - NOW) == timedelta(seconds=60)
    later = NOW + timedelta(days=30)
    require_try(failed(most - 1, limits=limits), limits=limits, now=later)
    with pytest.raises(FaceDisabled) as stopped:
        require_try(failed(most, limits=limits), limits=limits, now=later)
    assert stopped.value.retry_after_s is None


@pytest.mark.parametrize(
    ("refusal", "counts"),
    [
        *((refusal, True) for refusal in (AttackSuspected(), ChallengeNotDone(), FaceFlat())),
        *((refusal, False) for refusal in (CaptureLate(), FaceLost(), NoFace())),
    ],
)
def test_an_attack_is_a_wrong_face_and_a_bad_picture_is_none(refusal: Refusal, *, counts: bool) -> None:
    assert is_failed_try(refusal) is counts
