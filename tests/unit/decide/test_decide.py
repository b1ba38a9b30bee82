"""From a promise to a threshold, from scores to a verdict, from tries to a wait."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.decide.judge import Verdict, judge_many, judge_one
from visavis.decide.station_lock import after_probe
from visavis.decide.target import Bound, Room, capacity, fmr_for, missed, require_room, require_statable
from visavis.decide.tries import PIN, after_failure, require_try
from visavis.model.access import TooManyTries, Tries
from visavis.model.calibration import Calibration, CalibrationPoint, Misses, MissPoint, PromiseTooStrict
from visavis.model.decision import Outcome
from visavis.model.purpose import GalleryFull, LivenessMode, Purpose, PurposeInvalid, TargetKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PURPOSE = Purpose("pur_a", "n", "c", "c", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)
TARGETS = st.floats(1e-6, 0.49)
FLOORS = st.floats(1e-8, 1e-4)


@given(target=TARGETS, references=st.integers(1, 100_000))
def test_the_rate_of_one_comparison_gives_the_promise_back(target: float, references: int) -> None:
    fmr = fmr_for(replace(PURPOSE, target=target), references=references)
    assert 1 - (1 - fmr) ** references == pytest.approx(target, rel=1e-4)
    assert fmr == pytest.approx(1 - (1 - target) ** (1 / references), rel=1e-3, abs=1e-14)
    assert 0 < fmr <= target * (1 + 1e-9)


def test_an_empty_gallery_is_held_to_the_promise_of_one() -> None:
    assert fmr_for(PURPOSE, references=0) == fmr_for(PURPOSE, references=1) == pytest.approx(0.01)


def calibration(*, floor: float = 1e-5, people: int = 10**9, misses: tuple[float, float] = (0.0, 0.0)) -> Calibration:
    """Thresholds of 0.2 at 1e-1 and 0.6 at the floor; misses of one and of three references at both ends."""
    points = tuple(CalibrationPoint(fmr, at, fmr / 2, fmr * 2) for fmr, at in ((0.1, 0.2), (floor, 0.6)))
    told = tuple(
        Misses(photos, 100, (MissPoint(0.2, 0.0, 0.0, 0.0), MissPoint(0.6, most, most, most)))
        for photos, most in zip((1, 3), misses, strict=True)
    )
    return Calibration("model-1", points, floor, people, told)


@given(target=TARGETS, references=st.integers(0, 10**6))
def test_an_fmr_target_is_what_it_says_at_any_size(target: float, references: int) -> None:
    purpose = replace(PURPOSE, target_kind=TargetKind.FMR, target=target)
    assert fmr_for(purpose, references=references) == target
    assert capacity(purpose, calibration=calibration(floor=1e-6)) == Room(None, None)
    require_room(purpose, references=references, adding=5, calibration=calibration(floor=1e-6))


@given(target=TARGETS, floor=FLOORS)
def test_capacity_is_the_last_size_at_which_the_promise_holds(target: float, floor: float) -> None:
    purpose, held_to = replace(PURPOSE, target=target), calibration(floor=floor)
    room = capacity(purpose, calibration=held_to)
    assert room.bound is Bound.FMR
    assert room.most is not None
    assert fmr_for(purpose, references=room.most + 1) < floor * (1 + 1e-9)
    if room.most >= 1:
        assert fmr_for(purpose, references=room.most) >= floor * (1 - 1e-9)
        require_room(purpose, references=room.most - 1, adding=1, calibration=held_to)
    with pytest.raises(GalleryFull):
        require_room(purpose, references=room.most, adding=1, calibration=held_to)


def test_the_refusal_shows_the_arithmetic() -> None:
    with pytest.raises(GalleryFull) as refused:
        require_room(PURPOSE, references=1004, adding=3, calibration=calibration())
    text = refused.value.detail
    for part in (
        "FPIR 0.01",
        "1007 references",
        "1 - (1 - 0.01)^(1/1007) = 9.98e-06",
        "FMR 1e-05",
        "for 1005",
        "has 1004",
    ):
        assert part in text, text


def test_a_gallery_ends_where_too_many_members_would_be_missed() -> None:
    """Straight from no misses at 0.2 to 10 % at 0.6: 5 % at 0.4, which is an FMR of 1e-3."""
    held_to = calibration(misses=(0.1, 0.1))
    room = capacity(PURPOSE, calibration=held_to)
    assert room == Room(10, Bound.FNMR)
    assert missed(PURPOSE, references=10, calibration=held_to).value <= 0.05
    with pytest.raises(GalleryFull, match=r"at that 5\.10% of members .*, and at most 5\.00% may be") as full:
        require_room(PURPOSE, references=10, adding=1, calibration=held_to)
    assert "for 10 references. The gallery has 10." in full.value.detail
    for help_ in ("a second gallery", "PIN or QR", "three photos", "better model"):
        assert help_ in str(full.value)


def test_several_photos_of_each_person_make_room() -> None:
    held_to = calibration(misses=(0.1, 0.02))
    sizes = [capacity(PURPOSE, calibration=held_to, several=share).most for share in (0.0, 0.5, 1.0)]
    assert sizes == sorted(sizes, key=lambda most: most or 0)
    assert sizes[0] == 10
    assert capacity(PURPOSE, calibration=held_to, several=1.0) == Room(1005, Bound.FMR)


@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.floats(1e-4, 0.49), st.floats(0.001, 0.5), st.floats(0.001, 0.5))
def test_who_may_miss_more_has_no_less_room(one: float, three: float, target: float, some: float, more: float) -> None:
    held_to, purpose = calibration(misses=(one, min(one, three))), replace(PURPOSE, target=target)
    tight, loose = (
        capacity(replace(purpose, max_fnmr=share), calibration=held_to).most for share in sorted((some, more))
    )
    assert tight is not None
    assert loose is not None
    assert tight <= loose
    assert (capacity(replace(purpose, max_fnmr=max(some, more)), calibration=held_to, several=1.0).most or 0) >= loose


def test_an_fpir_that_so_many_people_cannot_tell_is_not_stated() -> None:
    with pytest.raises(PromiseTooStrict, match=r"2879 people; .* below 3/2879 = 0\.00104"):
        require_statable(replace(PURPOSE, target=1e-3), calibration=calibration(people=2879))
    require_statable(PURPOSE, calibration=calibration(people=2879))
    assert capacity(replace(PURPOSE, target=1e-3), calibration=calibration(people=2879)) == Room(0, Bound.FPIR)
    as_fmr = replace(PURPOSE, target=1e-3, target_kind=TargetKind.FMR)
    require_statable(as_fmr, calibration=calibration(people=2879))


@pytest.mark.parametrize("kind", TargetKind)
def test_a_target_that_would_lock_out_members_is_not_stated(kind: TargetKind) -> None:
    purpose = replace(PURPOSE, target_kind=kind, target=1e-4)
    with pytest.raises(PromiseTooStrict, match=r"of members would be missed, and at most 5\.00% may be"):
        require_statable(purpose, calibration=calibration(misses=(0.4, 0.4)))
    require_statable(purpose, calibration=calibration(misses=(0.4, 0.01)))


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, math.nan])
def test_a_share_of_misses_that_is_none_is_not_stated(share: float) -> None:
    with pytest.raises(PurposeInvalid, match="max_fnmr"):
        require_statable(replace(PURPOSE, max_fnmr=share), calibration=calibration())


@pytest.mark.parametrize("target", [0.0, -0.1, 0.5, 0.9, 9e-6, math.nan, math.inf])
def test_a_target_that_cannot_be_held_is_not_stated(target: float) -> None:
    with pytest.raises(PurposeInvalid):
        require_statable(replace(PURPOSE, target=target), calibration=calibration())


def test_targets_at_the_edge_can_be_stated() -> None:
    for target in (1e-5, 0.499):
        require_statable(replace(PURPOSE, target=target), calibration=calibration())


@given(score=st.none() | st.floats(-1, 1) | st.just(math.nan), threshold=st.floats(-1, 1))
def test_one_to_one_matches_at_the_threshold_and_above(score: float | None, threshold: float) -> None:
    verdict = judge_one(score=score, threshold=threshold, subject_id="sub_a")
    reached = score is not None and score >= threshold
    assert (verdict.outcome is Outcome.MATCH) == reached
    assert (verdict.subject_id, verdict.score) == (("sub_a", score) if reached else (None, None))


def test_a_threshold_that_is_no_number_matches_nobody() -> None:
    assert judge_one(score=1.0, threshold=math.nan, subject_id="sub_a").outcome is Outcome.NO_MATCH


@given(scores=st.lists(st.floats(0, 1), max_size=5))
def test_one_to_many_picks_nobody_out_of_several(scores: list[float]) -> None:
    reaching = [(f"sub_{n}", score) for n, score in enumerate(sorted(scores, reverse=True))]
    verdict = judge_many(reaching, threshold=0.0, margin_from=0.0)
    expected = {0: Outcome.NO_MATCH, 1: Outcome.MATCH}.get(len(scores), Outcome.REVIEW)
    assert verdict.outcome is expected
    assert verdict.subject_id == (reaching[0][0] if reaching else None)
    assert (verdict.reason == "look_alike") == (len(scores) > 1)


@given(
    scores=st.lists(st.floats(-1, 1), max_size=5),
    bars=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    leave_out=st.booleans(),
)
def test_one_to_many_matches_who_reaches_the_threshold_alone_and_by_the_margin(
    *, scores: list[float], bars: tuple[float, float], leave_out: bool
) -> None:
    margin_from, threshold = min(bars), max(bars)
    falling = sorted(scores, reverse=True)
    told = [score for score in falling if not leave_out or score >= margin_from]
    near = [(f"sub_{n}", score) for n, score in enumerate(told)]
    verdict = judge_many(near, threshold=threshold, margin_from=margin_from)
    best, second = [*falling, -2.0, -2.0][:2]
    if best < threshold:
        assert verdict == Verdict(Outcome.NO_MATCH)
        return
    apart = second < margin_from or best - second >= threshold - margin_from
    alone = second < threshold and apart
    assert verdict.outcome is (Outcome.MATCH if alone else Outcome.REVIEW)
    assert (verdict.subject_id, verdict.score) == ("sub_0", best)
    assert verdict.reason == (None if alone else "look_alike")


def test_a_score_that_is_no_number_matches_nobody_among_many() -> None:
    assert judge_many([("sub_a", math.nan)], threshold=0.3, margin_from=0.2).outcome is Outcome.NO_MATCH


@given(probes=st.lists(st.booleans(), max_size=160))
def test_a_station_locks_at_26_strangers_among_its_last_50(probes: list[bool]) -> None:
    window = ""
    for number, matched in enumerate(probes):
        window, locks = after_probe(window, matched=matched)
        recent = probes[max(0, number - 49) : number + 1]
        assert locks == (recent.count(False) >= 26)
        assert len(window) == len(recent)


def test_five_tries_are_free_then_waits_double_up_to_an_hour_and_end_at_fifty() -> None:
    tries: Tries | None = None
    now, waits = NOW, []
    for _ in range(50):
        require_try(tries, limits=PIN, now=now)
        tries = after_failure(tries, tries_id="t", limits=PIN, now=now)
        waits.append((tries.next_at - now).total_seconds())
        now = tries.next_at
    assert waits[:8] == [0, 0, 0, 0, 30, 60, 120, 240]
    assert max(waits) == 3600
    assert waits == sorted(waits)
    with pytest.raises(TooManyTries) as blocked:
        require_try(tries, limits=PIN, now=now + timedelta(days=10_000))
    assert blocked.value.retry_after_s is None


def test_a_try_that_comes_too_early_is_told_how_long_to_wait() -> None:
    tries = Tries("t", 6, NOW + timedelta(seconds=60), NOW + timedelta(days=1))
    with pytest.raises(TooManyTries) as refused:
        require_try(tries, limits=PIN, now=NOW + timedelta(seconds=20))
    assert refused.value.retry_after_s == 40
    require_try(tries, limits=PIN, now=NOW + timedelta(seconds=60))
