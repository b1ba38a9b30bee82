"""A server that does what its rules forbid, and tells it.

Who: whoever runs the server. What they have: everything; tree, tiles and signatures are right. What they must not get:
an auditor who does not notice.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from sim.evil_log import EvilLog
from support.auditor import audit, forged
from support.log_builder import FIRST_DAY, LogBuilder, Story

from visavis.audit.leaf import write_entry
from visavis.audit.tiles import WIDTH, bundle, unbundle
from visavis.model.audit import (
    EntryMalformed,
    EntryWrong,
    Event,
    GrammarBroken,
)

STORY = Story(9)
ANNS, BENS = STORY.random(), STORY.random()
NIGHT, VISIT = (STORY.random() for _ in range(2))


def told(event: Event, *, day: int = 0, **fields: str) -> bytes:
    return write_entry(event, day=FIRST_DAY + timedelta(days=day), commitment=STORY.random(32), **fields)


def about(event: Event, handle: str = ANNS) -> bytes:
    return told(event, handle=handle)


def session(session: str = VISIT, kind: str = "identify", day: int = 0) -> bytes:
    return told(Event.SESSION, session=session, kind=kind, day=day)


def decision(session: str = VISIT, kind: str = "identify", day: int = 0) -> bytes:
    return told(Event.DECISION, session=session, kind=kind, means="face", outcome="MATCH", day=day)


START = told(Event.START)
AGREED = [about(Event.OFFER), about(Event.GRANT), about(Event.ENROL)]
CARRIED = [about(Event.CARRY), about(Event.ENROL)]

BROKEN: dict[str, list[bytes]] = {
    "a decision without a session": [START, decision()],
    "a session that serves twice": [START, session(), decision(), decision()],
    "a session of another kind": [START, session(kind="verify"), decision()],
    "a session of long ago": [START, session(), told(Event.START, day=2), decision(day=2)],
    "a session that is opened twice": [START, session(), session()],
    "an enrolment that nobody granted": [START, about(Event.OFFER), about(Event.ENROL)],
    "a second enrolment on one grant": [START, *AGREED, about(Event.ENROL)],
    "a grant without an offer": [START, about(Event.OFFER), about(Event.GRANT), about(Event.GRANT)],
    "a handle that begins with a grant": [START, about(Event.GRANT)],
    "a handle that begins with an enrolment": [START, about(Event.ENROL)],
    "an enrolment on somebody else's grant": [START, *AGREED[:2], about(Event.OFFER, BENS), about(Event.ENROL, BENS)],
    "anything after a withdrawal": [START, *AGREED, about(Event.WITHDRAW), about(Event.OFFER)],
    "a second withdrawal": [START, *AGREED, about(Event.WITHDRAW), about(Event.WITHDRAW)],
    "anything after an erasure": [START, *AGREED, about(Event.ERASE), about(Event.CREDENTIAL)],
    "a second erasure": [START, *AGREED, about(Event.ERASE), about(Event.ERASE)],
    "somebody who was always here, later": [START, session(), about(Event.CARRY)],
    "somebody who is carried in twice": [START, about(Event.CARRY), about(Event.CARRY)],
    "a day that went back": [told(Event.START, day=3), told(Event.START, day=1)],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_may_not_happen_is_refused_with_the_entry_that_tells_it(log: EvilLog, tmp_path: Path, name: str) -> None:
    entries = BROKEN[name]
    log.shows(forged(entries[:-1], tmp_path / "good"))
    audit(log)
    log.shows(forged(entries, tmp_path / "bad"))
    with pytest.raises(GrammarBroken, match=rf"^Entry {len(entries) - 1}: "):
        audit(log)


FORMLESS = [
    b"",
    b"{}",
    b"null",
    START + b" ",
    START.replace(b'"v":1', b'"v":2'),
    START.replace(b'"start"', b'"party"'),
    START.replace(b"2026-01-01", b"2026-02-30"),
    session().replace(b"identify", b"watch"),
    about(Event.OFFER).replace(b'"v":1', b'"name":"Ann","v":1'),
    b"\xff" * 100,
]


@pytest.mark.parametrize("entry", FORMLESS, ids=[entry[-40:].decode("latin-1") or "empty" for entry in FORMLESS])
def test_an_entry_that_is_none_is_refused_with_its_place(log: EvilLog, tmp_path: Path, entry: bytes) -> None:
    log.shows(forged([START, START, entry, START], tmp_path))
    with pytest.raises(EntryMalformed, match=r"^Entry 2: "):
        audit(log)


def test_of_two_lies_the_one_about_the_tree_is_told(log: EvilLog, honest: LogBuilder) -> None:
    """An entry that is not in the tree breaks no rule; and the answer does not depend on who looked first."""
    entries = unbundle(honest.fetch("tile/entries/000"), width=WIDTH)
    log.lies["tile/entries/000"] = bundle([*entries[:50], decision(), *entries[51:]])
    log.lies["tile/entries/001"] = b""
    with pytest.raises(EntryWrong, match="Entry 50 "):
        audit(log)
