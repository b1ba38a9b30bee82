"""What is drawn cannot be known before, and is something that everybody who may get it can do."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from visavis.liveness.draw import draw
from visavis.model.challenge import FRAMES, PAUSES, Challenge, Step, Variant

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def drawn() -> dict[Variant, list[Challenge]]:
    return {variant: [draw(variant, now=NOW) for _ in range(600)] for variant in Variant}


def steps(challenge: Challenge) -> list[Step]:
    return [asked.step for asked in challenge.steps]


def test_it_lives_twenty_seconds_and_is_drawn_anew_each_time(drawn: dict[Variant, list[Challenge]]) -> None:
    every = [challenge for some in drawn.values() for challenge in some]
    assert len({challenge.nonce for challenge in every}) == len(every)
    assert {len(challenge.nonce) for challenge in every} == {24}
    assert {challenge.expires_at for challenge in every} == {NOW + timedelta(seconds=20)}


def test_pauses_are_drawn_between_their_bounds(drawn: dict[Variant, list[Challenge]]) -> None:
    pauses = [asked.pause_ms for some in drawn.values() for challenge in some for asked in challenge.steps]
    assert min(pauses) >= PAUSES[0]
    assert max(pauses) <= PAUSES[1]
    assert len(set(pauses)) > 500


@pytest.mark.parametrize("variant", [Variant.WHOLE, Variant.HEAD])
def test_a_head_is_turned_at_least_once_and_never_asked_the_same_twice(
    drawn: dict[Variant, list[Challenge]], variant: Variant
) -> None:
    for challenge in drawn[variant]:
        asked = steps(challenge)
        assert {Step.LEFT, Step.RIGHT} & set(asked)
        assert len(set(asked)) == len(asked)


def test_nothing_that_is_asked_reads_the_same_backwards(drawn: dict[Variant, list[Challenge]]) -> None:
    asked = [steps(challenge) for some in drawn.values() for challenge in some]
    assert all(row != row[::-1] for row in asked)


def test_every_step_is_drawn_and_none_much_more_often(drawn: dict[Variant, list[Challenge]]) -> None:
    whole = Counter(step for challenge in drawn[Variant.WHOLE] for step in steps(challenge))
    assert set(whole) == set(Step) - {Step.BLINK_TWICE, Step.BLINK_THRICE}
    alike = [whole[step] for step in whole if step not in (Step.LEFT, Step.RIGHT)]
    assert max(alike) < 2 * min(alike)
    assert len({tuple(steps(challenge)) for challenge in drawn[Variant.WHOLE]}) > 450


def test_variants_ask_nobody_for_what_they_cannot_do(drawn: dict[Variant, list[Challenge]]) -> None:
    assert not any(step.blinks for challenge in drawn[Variant.HEAD] for step in steps(challenge))
    assert all(step.blinks for challenge in drawn[Variant.BLINK] for step in steps(challenge))
    assert {step for challenge in drawn[Variant.BLINK] for step in steps(challenge)} == {
        Step.BLINK,
        Step.BLINK_TWICE,
        Step.BLINK_THRICE,
    }


def test_a_page_films_all_of_it_with_the_frames_there_are_and_time_to_send_them(
    drawn: dict[Variant, list[Challenge]],
) -> None:
    """At the pace of ``browser/src/capture``: 0.7 s to read, 0.9 s a blink, 1.4 s a movement; ten frames a second while
    a blink is asked, else five."""
    for challenge in (one for some in drawn.values() for one in some):
        shown = [700 + (900 * asked.step.blinks or 1400) for asked in challenge.steps]
        waits = [asked.pause_ms for asked in challenge.steps]
        every = [100 if asked.step.blinks else 200 for asked in challenge.steps]
        assert sum(shown) + sum(waits) < 18_000
        frames = sum(lasts // each + 1 for lasts, each in zip(shown, every, strict=True)) + sum(waits) // 200 + 8
        assert FRAMES[0] <= frames <= FRAMES[1]
