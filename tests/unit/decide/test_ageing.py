"""Who is offered new photos: whose template is old, or who has hardly passed of late."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from visavis.decide.ageing import NEWEST, OLD, is_offered_new_photos

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FRESH = NOW - timedelta(days=30)


def offered(newest: datetime | None = FRESH, decades: tuple[int, ...] = (), bar: int | None = -4) -> bool:
    return is_offered_new_photos(newest_reference=newest, decades=decades, bar_decade=bar, now=NOW)


def test_a_template_is_old_after_a_year() -> None:
    assert not offered(NOW - OLD + timedelta(seconds=1))
    assert offered(NOW - OLD)


def test_who_has_no_template_is_offered_none() -> None:
    assert not offered(None, (-4,) * NEWEST)


def test_most_of_the_newest_ten_have_to_be_hardly_passed() -> None:
    assert offered(decades=(-4,) * 6 + (-5,) * 4)
    assert not offered(decades=(-4,) * 5 + (-5,) * 5)
    assert not offered(decades=(-4,) * (NEWEST - 1)), "of nine nothing is said"
    assert offered(decades=(-3,) * NEWEST), "the bar has risen since"
    assert not offered(decades=(-5,) * NEWEST + (-4,) * 30), "older ones do not count"


def test_where_no_match_could_lie_below_the_bar_nothing_follows_from_that() -> None:
    assert not offered(decades=(-5,) * NEWEST, bar=None)


@given(decades=st.lists(st.integers(-6, 0), max_size=20), at=st.integers(0, 19))
def test_a_surer_match_never_brings_an_offer(decades: list[int], at: int) -> None:
    surer = [decade - (place == at) for place, decade in enumerate(decades)]
    assert offered(decades=tuple(decades)) >= offered(decades=tuple(surer))
