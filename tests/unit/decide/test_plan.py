"""What the planner says, and what it refuses to say."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planned import calibration

from visavis.decide.claim import Claim, reckon
from visavis.decide.plan import (
    MOST_PEOPLE,
    Aim,
    Claimed,
    Plan,
    Standing,
    Wanted,
    any_of,
    curve,
    each_of,
    plan,
)
from visavis.decide.plan_asked import DEFAULTS, assumed_of, claim_of, wanted_of
from visavis.decide.plan_cost import MEASURED, Assumed, cost
from visavis.decide.plan_picture import picture
from visavis.decide.plan_words import NOT_KNOWN, Row, a_day, claimed, count, errors, mend, percent, size, takes
from visavis.decide.target import capacity, fmr_for
from visavis.model.access import RequestInvalid
from visavis.model.purpose import LivenessMode, Purpose, TargetKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = st.integers(1, MOST_PEOPLE)
RATES = st.floats(1e-12, 0.49)
SHARES = st.floats(0, 1)
WANTED = st.builds(
    Wanted,
    people=PEOPLE,
    references_each=st.integers(1, 10),
    searches_a_day=st.floats(0, 1e9),
    not_enrolled=SHARES,
    aim=st.sampled_from([Aim.FPIR, Aim.FMR]),
    value=RATES,
    max_fnmr=SHARES,
    claimed=st.none() | st.builds(Claimed, fmr=RATES, fnmr=st.none() | SHARES),
)
FLOOR, FPIR_FLOOR = 1e-5, 3 / 3000


def standing(**given: object) -> Standing:
    return plan(Wanted(**{"people": 100, **given}), calibration(people=3000)).standing  # type: ignore[arg-type] # named above


def value(planned: Plan) -> float:
    assert planned.fpir is not None
    return planned.fpir.value


@given(rate=RATES, times=st.integers(1, MOST_PEOPLE))
def test_the_rate_of_one_comparison_gives_that_of_many_back(rate: float, times: int) -> None:
    assert any_of(each_of(rate, times), times) == pytest.approx(rate, rel=1e-6)
    assert rate / times <= each_of(rate, times) * (1 + 1e-9)
    assert each_of(rate, times) <= rate * (1 + 1e-9)


def test_what_always_errs_errs_once_anything_is_compared() -> None:
    assert (any_of(1.0, 0), any_of(1.0, 1)) == (0.0, 1.0)


@given(wanted=WANTED)
def test_whatever_is_not_promised_is_not_known_refused_or_a_claim(wanted: Wanted) -> None:
    known = calibration(people=3000)
    planned = plan(wanted, known)
    if wanted.claimed is not None:
        assert planned.standing is Standing.CLAIM
        assert (planned.threshold, planned.fmr) == (None, wanted.claimed.fmr)
    elif planned.standing is Standing.NOT_KNOWN:
        assert planned.reasons
        assert (planned.threshold, planned.fpir, planned.fnmr) == (None, None, None)
        assert (planned.false_accepts_a_day, planned.missed_a_day, planned.doubtful_a_day) == (None, None, None)
    else:
        assert planned.threshold is not None
        assert planned.fnmr is not None
        assert planned.fmr is not None
        assert planned.fmr >= FLOOR
        assert (planned.fnmr.value > wanted.max_fnmr) == (planned.standing is Standing.TOO_MANY_MISSED)
        if wanted.aim is Aim.FPIR:
            assert wanted.value >= FPIR_FLOOR


@given(fmr=RATES, people=st.integers(1, MOST_PEOPLE // 2), more=st.integers(0, MOST_PEOPLE // 2))
def test_more_people_never_mean_fewer_false_accepts(fmr: float, people: int, more: int) -> None:
    less, larger = (
        plan(Wanted(people=n, claimed=Claimed(fmr)), calibration()).false_accepts_a_day for n in (people, people + more)
    )
    assert less is not None
    assert larger is not None
    assert less.value <= larger.value


@given(people=st.integers(1, 5000), more=st.integers(0, 5000), target=st.floats(0.001, 0.4))
def test_more_people_never_mean_fewer_missed_where_the_target_is_kept(people: int, more: int, target: float) -> None:
    less, larger = (plan(Wanted(people=n, value=target), calibration()) for n in (people, people + more))
    if larger.fnmr is not None:
        assert less.fnmr is not None
        assert less.fnmr.value <= larger.fnmr.value
        assert less.threshold is not None
        assert larger.threshold is not None
        assert less.threshold <= larger.threshold


@given(wanted=WANTED, factor=st.floats(1, 100))
def test_more_searches_never_mean_fewer_errors(wanted: Wanted, factor: float) -> None:
    busier = replace(wanted, searches_a_day=min(1e12, wanted.searches_a_day * factor))
    few, many = plan(wanted, calibration()), plan(busier, calibration())
    for name in ("false_accepts_a_day", "missed_a_day"):
        one, other = getattr(few, name), getattr(many, name)
        assert (one is None) == (other is None)
        assert one is None or one.value <= other.value


@given(people=PEOPLE, target=st.floats(0.001, 0.4), bearable=SHARES)
def test_the_most_people_are_the_last_that_can_be_promised(people: int, target: float, bearable: float) -> None:
    known = calibration(people=3000)
    wanted = Wanted(people=people, value=target, max_fnmr=bearable)
    most = plan(wanted, known).most_people
    assert most is not None
    if most:
        assert plan(replace(wanted, people=most), known).standing is Standing.PROMISED
    beyond = plan(replace(wanted, people=most + 1), known)
    assert beyond.standing is beyond.most_because is not Standing.PROMISED
    assert (plan(wanted, known).standing is Standing.PROMISED) == (people <= most)


def test_below_the_floor_of_one_comparison_nothing_is_known() -> None:
    assert standing(people=1005, max_fnmr=1.0) is Standing.PROMISED
    assert standing(people=1006, max_fnmr=1.0) is Standing.NOT_KNOWN
    (reason,) = plan(Wanted(people=1_000_000), calibration()).reasons
    assert "once in 99,499,163" in reason
    assert "once in 100,000" in reason


def test_below_what_so_many_people_can_show_nothing_is_known() -> None:
    assert standing(people=10, value=FPIR_FLOOR) is Standing.PROMISED
    assert standing(people=10, value=FPIR_FLOOR * 0.999) is Standing.NOT_KNOWN
    (reason,) = plan(Wanted(people=1, value=1e-3), calibration(people=2879)).reasons
    assert "3,000 people" in reason
    assert "2,879" in reason


def test_one_to_one_does_not_depend_on_how_many_there_are() -> None:
    for people in (1, 10, MOST_PEOPLE):
        planned = plan(Wanted(people=people, aim=Aim.FMR, value=1e-4), calibration(people=3000))
        assert (planned.standing, planned.most_people, planned.doubtful_a_day) == (Standing.PROMISED, None, 0.0)
        assert value(planned) == pytest.approx(1e-4, rel=1e-3)
    assert standing(aim=Aim.FMR, value=0.9e-5) is Standing.NOT_KNOWN
    several = plan(Wanted(people=10, references_each=3, aim=Aim.FMR, value=1e-4), calibration())
    assert value(several) == pytest.approx(3e-4, rel=1e-3)


@given(target=st.floats(1e-4, 0.4), bearable=st.floats(0.001, 0.5), each=st.sampled_from([1, 3]))
def test_a_gallery_is_full_where_the_planner_says(target: float, bearable: float, each: int) -> None:
    known = calibration(people=3000)
    purpose = Purpose(
        "pur_a", "n", "c", "c", "NL", 90, TargetKind.FPIR, target, LivenessMode.ATTENDED, NOW, max_fnmr=bearable
    )
    room = capacity(purpose, calibration=known, several=1.0 if each == 3 else 0.0)
    planned = plan(Wanted(people=1, references_each=each, value=target, max_fnmr=bearable), known)
    assert room.most is not None
    assert planned.most_people == room.most // each
    assert fmr_for(purpose, references=77) == each_of(target, 77)


def test_more_missed_than_is_bearable_is_known_and_refused() -> None:
    planned = plan(Wanted(people=1000, max_fnmr=0.01), calibration())
    assert planned.standing is Standing.TOO_MANY_MISSED
    assert "at most 1 %" in planned.reasons[0]
    assert planned.threshold is not None


def test_a_threshold_tells_what_it_would_cost_and_is_none_beyond_what_was_measured() -> None:
    known = calibration()
    planned = plan(Wanted(people=100, aim=Aim.THRESHOLD, value=0.4), known)
    assert planned.fmr == known.fmr_at(0.4).value
    assert planned.threshold == 0.4
    for score in (0.99, -1.0):
        beyond = plan(Wanted(people=100, aim=Aim.THRESHOLD, value=score), known)
        assert (beyond.standing, beyond.fmr) == (Standing.NOT_KNOWN, None)
        assert "known from a score" in beyond.reasons[0]


def test_several_references_count_as_what_was_measured_with_several() -> None:
    one, two, three = (plan(Wanted(people=10, references_each=n), calibration()) for n in (1, 2, 3))
    assert one.fnmr is not None
    assert two.fnmr is not None
    assert three.fnmr is not None
    assert three.fnmr.value < one.fnmr.value <= two.fnmr.value, "a stricter threshold, and nothing that was measured"


def test_a_band_lies_around_its_rate_and_grows_with_the_gallery() -> None:
    small, large = (plan(Wanted(people=n, value=0.05), calibration()).fpir for n in (10, 1000))
    assert small is not None
    assert large is not None
    for band in (small, large):
        assert band.low < band.value < band.high <= 1
        assert band.value == pytest.approx(0.05, rel=1e-3)


@pytest.mark.parametrize("aim", list(Aim))
def test_the_curve_reaches_from_one_to_ten_billion_and_only_rises(aim: Aim) -> None:
    known = calibration()
    wanted = Wanted(people=500, aim=aim, value=0.4 if aim is Aim.THRESHOLD else 0.02)
    points = list(curve(plan(wanted, known), known))
    assert (points[0].people, points[-1].people) == (1, MOST_PEOPLE)
    assert all(a.fpir <= b.fpir and a.people < b.people for a, b in pairwise(points))
    missed = [point.missed for point in points if point.missed is not None]
    assert missed == sorted(missed)
    if aim is Aim.FPIR:
        most = plan(wanted, known).most_people or 0
        for point in points:
            assert point.people > most or point.missed is not None


def test_where_no_threshold_is_known_the_curve_is_that_of_the_strictest_one() -> None:
    known = calibration()
    points = list(curve(plan(Wanted(people=10**6), known), known))
    assert points[0].fpir == pytest.approx(known.fmr_floor)


def test_a_claim_is_counted_with_at_any_size_and_never_called_known() -> None:
    known = calibration()
    wanted = Wanted(people=1_300_000_000, claimed=Claimed(1e-9, 0.1), searches_a_day=1000, not_enrolled=0.5)
    planned = plan(wanted, known)
    assert planned.standing is Standing.CLAIM
    assert value(planned) == pytest.approx(1 - math.exp(-1.3), rel=1e-6)
    assert planned.missed_a_day is not None
    assert planned.missed_a_day.value == pytest.approx(50)
    assert {row.origin for row in errors(planned)} <= {
        "worked out", "a claim, not a promise", "beyond, the calibration knows no threshold",
        "beyond, more people would be missed than is bearable",
    }  # fmt: skip
    assert plan(replace(wanted, claimed=Claimed(1e-9)), known).missed_a_day is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0}, {"people": MOST_PEOPLE + 1}, {"references_each": 0}, {"references_each": 101},
        {"searches_a_day": -1.0}, {"searches_a_day": math.nan}, {"not_enrolled": 1.1}, {"max_fnmr": -0.1},
        {"value": 0.0}, {"value": 0.5}, {"value": math.nan}, {"aim": Aim.THRESHOLD, "value": 1.1},
        {"claimed": Claimed(0.0)}, {"claimed": Claimed(1.1)}, {"claimed": Claimed(0.1, -1)},
    ],
)  # fmt: skip
def test_what_is_no_gallery_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RequestInvalid):
        Wanted(**{"people": 100, **wrong})  # type: ignore[arg-type] # that is the point


# What it takes.


@given(people=st.integers(1, MOST_PEOPLE // 2), more=st.integers(0, MOST_PEOPLE // 2), searches=st.floats(0, 1e6))
def test_more_people_never_take_less(people: int, more: int, searches: float) -> None:
    less, larger = (
        cost(Wanted(people=n, searches_a_day=searches), Assumed(core_hour_price=0.1), dimension=128)
        for n in (people, people + more)
    )
    for name in ("memory_bytes", "disk_bytes", "cpu_s_a_search", "parts", "machines", "price_a_search", "price_a_day"):
        assert getattr(less, name) <= getattr(larger, name), name


def test_the_arithmetic_of_what_it_takes() -> None:
    found = cost(Wanted(people=1_000_000), Assumed(machine_memory_gb=2, machine_cores=2), dimension=128)
    assert found.templates_bytes == 512_000_000
    assert found.memory_bytes > 1_000_000 * (512 + 405)
    assert found.is_one_machine
    assert found.price_a_search is found.price_a_day is None
    small = cost(Wanted(people=4_000_000), Assumed(machine_memory_gb=2, machine_cores=2), dimension=128)
    assert small.parts > 1
    assert not small.is_one_machine


def test_as_many_machines_as_the_busiest_hour_needs() -> None:
    quiet = cost(Wanted(people=100, searches_a_day=1000), Assumed(machine_cores=1), dimension=128)
    busy = cost(Wanted(people=100, searches_a_day=1e7), Assumed(machine_cores=1), dimension=128)
    assert quiet.machines == 1
    assert quiet.most_searches_a_s == pytest.approx(11, rel=0.01)
    assert busy.machines == math.ceil(busy.searches_a_s / quiet.most_searches_a_s)
    assert busy.most_searches_a_s >= busy.searches_a_s
    assert busy.stations == math.ceil(2 * busy.searches_a_s)


def test_decisions_take_disk_for_as_long_as_they_are_kept() -> None:
    month, year = (cost(Wanted(people=10), Assumed(days_kept=n), dimension=128).disk_bytes for n in (30, 365))
    assert year - month == pytest.approx(335 * 1000 * MEASURED["search"].value)


def test_prices_are_the_readers_own() -> None:
    found = cost(Wanted(people=100, searches_a_day=3600), Assumed(core_hour_price=2.0), dimension=128)
    assert found.price_a_day == pytest.approx(2.0 * found.cpu_s_a_search)


@pytest.mark.parametrize(
    "wrong",
    [
        {"machine_memory_gb": 0}, {"machine_cores": 0}, {"busiest_hour": 0.01}, {"memory_share": 0}, {"days_kept": 0},
        {"core_hour_price": -1}, {"core_hour_price": math.nan}, {"machine_memory_gb": math.nan},
    ],
)  # fmt: skip
def test_what_is_no_machine_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RequestInvalid):
        Assumed(**wrong)  # type: ignore[arg-type] # that is the point


# Claims.


def test_ninety_per_cent_of_one_point_three_billion() -> None:
    found = reckon(Claim(Decimal("0.9"), 1_300_000_000, 0))
    assert found.wrong_once == pytest.approx(130_000_000)
    assert found.fmr_needed == pytest.approx(-math.expm1(math.log(0.9) / 1.3e9), rel=1e-6)
    assert (found.fpir_by_comparison, found.days_to_show) == (1.0, None)


def test_seven_nines_at_an_airport() -> None:
    found = reckon(Claim(Decimal("0.9999999"), 60_000, 60_000))
    assert found.wrong_a_day == pytest.approx(0.006)
    assert found.searches_to_show == pytest.approx(30_000_000)
    assert found.days_to_show == pytest.approx(500)
    assert found.people_to_show * (found.people_to_show - 1) / 2 * found.fmr_needed == pytest.approx(3)


@pytest.mark.parametrize("right", ["0", "1", "1.1", "-0.5", "NaN"])
def test_nobody_can_claim_to_be_always_right(right: str) -> None:
    with pytest.raises((RequestInvalid, ArithmeticError)):
        Claim(Decimal(right), 10, 10)


# What was typed.


def test_what_is_not_typed_is_as_the_page_says() -> None:
    assert wanted_of({}) == Wanted(people=1000, searches_a_day=2000.0)
    assert assumed_of({"days_kept": " "}) == Assumed()
    assert claim_of({}) is None


@pytest.mark.parametrize(("text", "people"), [("1.3e9", 1_300_000_000), ("1,000", 1000), ("1_000 ", 1000), ("7", 7)])
def test_numbers_are_typed_as_people_type_them(text: str, people: int) -> None:
    assert wanted_of({"people": text}).people == people


def test_shares_may_be_per_cent_and_are_exact() -> None:
    assert wanted_of({"value": "1%"}) == wanted_of({"value": "0.01"}) == wanted_of({"value": "1 %"})
    asked = claim_of({"claim": "99.99999%"})
    assert asked is not None
    assert asked.right == Decimal("0.9999999")
    assert wanted_of({"claimed_fmr": "1e-9"}).claimed == Claimed(1e-9)


@pytest.mark.parametrize("name", [name for name in DEFAULTS if name != "aim"])
@pytest.mark.parametrize("text", ["x", "1e999999999", "nan", "inf", "1" * 41, "--1", "-1e31"])
def test_what_is_no_number_is_refused_by_name(name: str, text: str) -> None:
    fields = {"claimed_fmr": "1e-5", "claim": "90%", name: text}
    with pytest.raises(RequestInvalid) as refused:
        (wanted_of(fields), assumed_of(fields), claim_of(fields))
    assert name in refused.value.detail


def test_half_a_person_an_aim_of_another_name_and_half_a_claim_are_refused() -> None:
    for fields in ({"people": "0.5"}, {"aim": "x"}, {"claimed_fnmr": "1%"}):
        with pytest.raises(RequestInvalid):
            wanted_of(fields)


# Words and picture.


def rows(planned: Plan) -> dict[str, Row]:
    assumed = Assumed(core_hour_price=0.05)
    told = [*errors(planned), *takes(planned, cost(planned.wanted, assumed, dimension=128))]
    return {row.what: row for row in told}


def test_what_is_not_known_is_said_so() -> None:
    told = rows(plan(Wanted(people=10_000_000), calibration()))
    for what in ("threshold", "false accepts a day", "missed people a day", "enrolled people who are missed (FNMR)"):
        assert told[what].value == NOT_KNOWN
    assert "in proportion" in told["memory"].origin


def test_what_would_help_is_said_where_nothing_can_be_promised() -> None:
    known = calibration()
    assert mend(plan(Wanted(people=100), known)) == mend(plan(Wanted(people=100, claimed=Claimed(0.1)), known)) == ""
    assert "up to 1,005 people" in mend(plan(Wanted(people=2000), known))
    assert "1:1" in mend(plan(Wanted(people=10, value=1e-9), known))
    assert "1:1" not in mend(plan(Wanted(people=10, aim=Aim.FMR, value=1e-9), known))


def test_every_number_says_where_it_comes_from() -> None:
    for wanted in (Wanted(people=100), Wanted(people=10**9), Wanted(people=10**9, claimed=Claimed(1e-9, 0.1))):
        told = rows(plan(wanted, calibration()))
        assert all(row.origin and row.value for row in told.values())
    assert "this release runs on one" in told["machines"].value


def test_where_most_who_come_are_not_enrolled_stations_lock() -> None:
    assert "stations lock" in rows(plan(Wanted(people=10, not_enrolled=0.6), calibration()))["will it run"].value
    assert "will it run" not in rows(plan(Wanted(people=10, not_enrolled=0.4), calibration()))


def test_a_claim_in_words() -> None:
    told = dict(claimed(reckon(Claim(Decimal("0.9999999"), 60_000, 60_000))))
    assert [title for title in told if "99.99999 %" in title] == list(told)[:2]
    assert told["If 99.99999 % of searches end right"][0].value == "0.006, one in 167 days"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (count(1000), "1,000"), (count(1.3e9), "1.3 billion"), (count(1 / 1e-9), "1 billion"), (count(0.5), "0.5"),
        (percent(0.01), "1 %"), (percent(1.0), "100 %"), (percent(0.00012), "0.012 %"), (percent(0.0), "0 %"),
        (percent(0.9999999), "99.99999 %"), (percent(0.995), "99.5 %"), (percent(1 - 1e-12), "almost 100 %"),
        (a_day(0.006), "0.006, one in 167 days"), (a_day(0.0), "0"), (a_day(12.0), "12"),
        (size(13e12), "13 TB"), (size(512), "512 bytes"),
    ],
)  # fmt: skip
def test_numbers_are_said_as_people_say_them(said: str, text: str) -> None:
    assert said == text


@given(wanted=WANTED)
def test_everything_can_be_said_and_drawn(wanted: Wanted) -> None:
    known = calibration(people=3000)
    planned = plan(wanted, known)
    drawn = picture(planned, curve(planned, known), style=False)
    assert "nan" not in drawn
    assert "<style" not in drawn
    assert all("nan" not in row.value and "e+" not in row.value for row in rows(planned).values())


def test_a_file_brings_its_looks_along() -> None:
    known = calibration()
    planned = plan(Wanted(people=10), known)
    drawn = picture(planned, curve(planned, known), style=True)
    assert "<style>" in drawn
    assert "http" not in drawn.replace('xmlns="http://www.w3.org/2000/svg"', "")
