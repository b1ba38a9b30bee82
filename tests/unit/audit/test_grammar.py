"""Which entry may follow which: every rule, broken once."""

import json
from base64 import urlsafe_b64encode
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.audit.grammar import Grammar
from visavis.audit.leaf import Entry
from visavis.model.audit import Event, GrammarBroken

TODAY: Final = "2027-01-15"
YESTERDAY: Final = "2027-01-14"
TOMORROW: Final = "2027-01-16"
LATER: Final = "2027-01-17"


def text_of(number: int, length: int = 16) -> str:
    return urlsafe_b64encode(number.to_bytes(length)).rstrip(b"=").decode()


COMMITMENT: Final = text_of(7, 32)


def life(event: Event, person: int = 1, day: str = TODAY) -> Entry:
    return Entry(event, day, COMMITMENT, {"handle": text_of(person)})


def session(number: int = 1, day: str = TODAY, kind: str = "identify") -> Entry:
    return Entry(Event.SESSION, day, COMMITMENT, {"kind": kind, "session": text_of(number)})


def decision(number: int = 1, day: str = TODAY, kind: str = "identify") -> Entry:
    fields = {"kind": kind, "means": "face", "outcome": "MATCH", "session": text_of(number)}
    return Entry(Event.DECISION, day, COMMITMENT, fields)


def act(event: Event, day: str = TODAY) -> Entry:
    return Entry(event, day, COMMITMENT, {})


def told(*entries: Entry) -> Grammar:
    grammar = Grammar()
    for entry in entries:
        grammar.take(entry)
    return grammar


OFFER, GRANT, DECLINE, ENROL, LAPSE = (
    life(event) for event in (Event.OFFER, Event.GRANT, Event.DECLINE, Event.ENROL, Event.LAPSE)
)
ADMIT, CREDENTIAL, WITHDRAW, ERASE, CARRY = (
    life(event) for event in (Event.ADMIT, Event.CREDENTIAL, Event.WITHDRAW, Event.ERASE, Event.CARRY)
)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [act(Event.START), OFFER, GRANT, ENROL, CREDENTIAL, WITHDRAW, ERASE, act(Event.START)],
        [OFFER, OFFER, GRANT, GRANT, ENROL, ENROL],
        [OFFER, GRANT, OFFER, GRANT, ENROL, LAPSE, ENROL, LAPSE, ERASE],
        [OFFER, DECLINE, ERASE],
        [ADMIT, CREDENTIAL, OFFER, GRANT, ENROL],
        [act(Event.START), CARRY, life(Event.CARRY, 2), act(Event.START), life(Event.CARRY, 3), OFFER],
        [CARRY, GRANT, ENROL, ENROL, WITHDRAW, ERASE],
        [OFFER, life(Event.OFFER, 2), GRANT, life(Event.GRANT, 2), ERASE, life(Event.ENROL, 2)],
        [session(), decision()],
        [session(1), session(2), decision(2), decision(1)],
        [session(day=TODAY), decision(day=TOMORROW)],
        [session(), decision(), session(), decision()],
        [life(Event.OFFER, day=TODAY), life(Event.GRANT, day=YESTERDAY), life(Event.ENROL, day=TODAY)],
        [session(day=TODAY), decision(day=YESTERDAY)],
        [act(Event.READING), act(Event.EXPORT), act(Event.REVIEW), act(Event.KEY), act(Event.POLICY)],
        [act(Event.START, "0001-01-01"), act(Event.START, "0001-01-02"), act(Event.START, "9999-12-31")],
    ],
)
def test_what_may_happen_is_taken(entries: list[Entry]) -> None:
    assert told(*entries).size == len(entries)


@pytest.mark.parametrize("event", [Event.LAPSE, Event.DECLINE, Event.CREDENTIAL, Event.WITHDRAW, Event.ERASE])
def test_what_recognises_nobody_may_stand_alone(event: Event) -> None:
    """A server that lost somebody's key cannot name their handle any more, and still has to say that they are gone."""
    grammar = told(life(event))
    for forbidden in (Event.GRANT, Event.ENROL):
        with pytest.raises(GrammarBroken):
            Grammar.resumed(grammar.state()).take(life(forbidden))


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([act(Event.START, LATER), act(Event.START, TODAY)], "day lies before"),
        ([act(Event.START, TOMORROW), act(Event.START, TODAY), act(Event.START, YESTERDAY)], "day lies before"),
        ([act(Event.START, "2027-02-30")], "day is none"),
        ([OFFER, act(Event.START, "")], "day is none"),
        ([OFFER, life(Event.CARRY, 2)], "after the log began"),
        ([act(Event.READING), CARRY], "after the log began"),
        ([session(), CARRY], "after the log began"),
        ([CARRY, CARRY], "carried in twice"),
        ([OFFER, CARRY], "carried in twice"),
        ([GRANT], "not offered"),
        ([ADMIT, GRANT], "not offered"),
        ([OFFER, GRANT, GRANT], "not offered"),
        ([OFFER, life(Event.GRANT, 2)], "not offered"),
        ([CARRY, life(Event.GRANT, 2)], "not offered"),
        ([ENROL], "nobody granted"),
        ([OFFER, ENROL], "nobody granted"),
        ([OFFER, OFFER, GRANT, ENROL, ENROL], "nobody granted"),
        ([OFFER, GRANT, life(Event.OFFER, 2), life(Event.ENROL, 2)], "nobody granted"),
        ([OFFER, DECLINE, ENROL], "nobody granted"),
        *([[OFFER, GRANT, WITHDRAW, later], "was withdrawn"] for later in (OFFER, GRANT, ENROL, LAPSE, WITHDRAW)),
        *([[OFFER, GRANT, ERASE, later], "was erased"] for later in (OFFER, GRANT, ENROL, ADMIT, WITHDRAW, ERASE)),
        ([OFFER, WITHDRAW, ERASE, ERASE], "was erased"),
        ([CARRY, ERASE, CARRY], "carried in twice"),
        ([decision()], "without a session"),
        ([session(1), decision(2)], "without a session"),
        ([session(), decision(), decision()], "without a session"),
        ([session(), session()], "opened before"),
        ([session(kind="identify"), decision(kind="verify")], "something else"),
        ([session(day=TODAY), decision(day=LATER)], "without a session"),
        ([session(day=TODAY), act(Event.START, LATER), decision(day=TOMORROW)], "without a session"),
    ],
)
def test_what_may_not_happen_is_refused_where_it_happens(entries: list[Entry], why: str) -> None:
    grammar = told(*entries[:-1])
    with pytest.raises(GrammarBroken, match=rf"Entry {len(entries) - 1}: .*{why}"):
        grammar.take(entries[-1])


def test_sessions_of_days_gone_by_are_forgotten() -> None:
    grammar = told(session(1, YESTERDAY), session(2, TODAY), session(3, TOMORROW))
    assert set(grammar.sessions) == {text_of(2), text_of(3)}
    grammar.take(act(Event.START, "2028-01-01"))
    assert grammar.sessions == {}


DAYS: Final = st.sampled_from([YESTERDAY, TODAY, TOMORROW, LATER])
SOMEBODY: Final = st.integers(1, 3)
KINDS: Final = st.sampled_from(["identify", "verify"])
LIVES: Final = st.sampled_from([event for event in Event if event not in (Event.SESSION, Event.DECISION)])
ANY: Final = (
    st.builds(life, LIVES, SOMEBODY, DAYS)
    | st.builds(session, SOMEBODY, DAYS, KINDS)
    | st.builds(decision, SOMEBODY, DAYS, KINDS)
)


@given(st.lists(ANY, max_size=30), st.integers(0, 30))
def test_a_grammar_that_was_written_down_goes_on_as_if_it_had_not_been(entries: list[Entry], pause: int) -> None:
    whole, paused = Grammar(), Grammar()
    for at, entry in enumerate(entries):
        if at == pause:
            paused = Grammar.resumed(json.loads(json.dumps(paused.state())))
        outcomes = []
        for grammar in (whole, paused):
            try:
                grammar.take(entry)
                outcomes.append("")
            except GrammarBroken as refusal:
                outcomes.append(refusal.detail)
        assert outcomes[0] == outcomes[1]
        if outcomes[0]:
            return
        assert whole.state() == paused.state()


@given(st.lists(ANY, max_size=30))
def test_no_story_has_more_enrolments_than_grants(entries: list[Entry]) -> None:
    """Whatever is told: at every point at most as many enrolments as grants, and grants as offers, unless carried."""
    grammar, counts, carried = Grammar(), dict[tuple[str, Event], int](), set[str]()
    for entry in entries:
        try:
            grammar.take(entry)
        except GrammarBroken:
            return
        handle = entry.fields.get("handle")
        if handle is None:
            continue
        counts[handle, entry.event] = counts.get((handle, entry.event), 0) + 1
        carried |= {handle} if entry.event is Event.CARRY else set()
        if handle not in carried:
            assert counts.get((handle, Event.ENROL), 0) <= counts.get((handle, Event.GRANT), 0)
            assert counts.get((handle, Event.GRANT), 0) <= counts.get((handle, Event.OFFER), 0)
        assert counts.get((handle, Event.ERASE), 0) <= 1


GOOD: Final[dict[str, Any]] = told(OFFER, GRANT, session()).state()


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"size": None},
        {"last_day": "yesterday"},
        {"last_day": 1},
        {"begun": "yes"},
        {"lives": []},
        {"lives": {"h": [1, 2]}},
        {"lives": {"h": [1, 1, -1, False, False, False]}},
        {"lives": {"h": [1, 1, "1", False, False, False]}},
        {"sessions": {"s": ["identify"]}},
        {"sessions": {"s": ["identify", "yesterday"]}},
        {"sessions": {"s": ["identify", None]}},
        {"sessions": None},
    ],
)
def test_what_is_no_state_is_not_gone_on_from(change: dict[str, Any]) -> None:
    assert Grammar.resumed(GOOD).state() == GOOD
    with pytest.raises((LookupError, TypeError, ValueError, AttributeError)):
        Grammar.resumed({**GOOD, **change})


@pytest.mark.parametrize("member", sorted(GOOD))
def test_a_state_that_lacks_a_member_is_not_gone_on_from(member: str) -> None:
    with pytest.raises(KeyError):
        Grammar.resumed({name: value for name, value in GOOD.items() if name != member})
