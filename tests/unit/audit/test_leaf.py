"""Entries: a closed set of forms, each written in one way only."""

import json
from base64 import urlsafe_b64encode
from datetime import date
from typing import Final

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from visavis.audit.leaf import Entry, read_entry, write_entry
from visavis.model.access import ReadingKind
from visavis.model.audit import LIFECYCLE, EntryMalformed, Event
from visavis.model.decision import Means, Outcome, Resolution
from visavis.model.export import ExportStep
from visavis.model.station import SessionKind


def text_of(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


DAY: Final = date(2027, 1, 15)
COMMITMENT: Final = text_of(bytes(range(32)))
RANDOM: Final = text_of(bytes(range(16)))

KINDS: Final = [kind.value for kind in SessionKind]
FIELDS: Final[dict[Event, dict[str, list[str] | None]]] = {
    **{event: {"handle": None} for event in LIFECYCLE},
    Event.SESSION: {"kind": KINDS, "session": None},
    Event.DECISION: {
        "kind": KINDS,
        "means": [means.value for means in Means],
        "outcome": [outcome.value for outcome in Outcome],
        "session": None,
    },
    Event.READING: {"act": [kind.value for kind in ReadingKind]},
    Event.EXPORT: {"act": ["links", *(step.value for step in ExportStep)]},
    Event.REVIEW: {"act": [*(resolution.value for resolution in Resolution), "found", "declare", "end", "dispute"]},
    Event.KEY: {"act": ["add", "rotate", "end"], "of": ["api_key", "station"]},
    Event.POLICY: {"act": ["add", "change"], "of": ["purpose", "text", "gallery", "station"]},
    Event.START: {},
    Event.UNSEAL: {},
    Event.SEAL: {},
    Event.BACKUP: {},
    Event.RESTORE: {},
}
"""What an entry says beside day and commitment; None: 16 bytes. Whoever adds an event adds it here and in ``spec/``."""

RANDOMS: Final = st.binary(min_size=16, max_size=16).map(text_of)
ENTRIES: Final = st.sampled_from(list(Event)).flatmap(
    lambda event: st.builds(
        Entry,
        st.just(event),
        st.dates().map(date.isoformat),
        st.binary(min_size=32, max_size=32).map(text_of),
        st.fixed_dictionaries(
            {name: RANDOMS if words is None else st.sampled_from(words) for name, words in FIELDS[event].items()}
        ),
    )
)


def written(entry: Entry) -> bytes:
    day = date.fromisoformat(entry.day)
    return write_entry(entry.event, day=day, commitment=entry.commitment, **entry.fields)


def made(**members: object) -> bytes:
    """An entry of an offer with some members changed, in canonical JSON; None takes one out."""
    whole = {"commitment": COMMITMENT, "day": "2027-01-15", "event": "offer", "handle": RANDOM, "v": 1, **members}
    kept = {name: value for name, value in whole.items() if value is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(ENTRIES)
def test_an_entry_reads_as_it_was_written(entry: Entry) -> None:
    assert read_entry(written(entry)) == entry


@given(ENTRIES)
def test_an_entry_is_canonical_json(entry: Entry) -> None:
    data = written(entry)
    assert rfc8785.dumps(json.loads(data)) == data


def test_an_entry_stands_as_the_specification_shows_it() -> None:
    expected = (
        '{"commitment":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","day":"2027-01-15","event":"offer",'
        '"handle":"AAECAwQFBgcICQoLDA0ODw","v":1}'
    )
    assert write_entry(Event.OFFER, day=DAY, commitment=COMMITMENT, handle=RANDOM).decode() == expected
    assert made().decode() == expected


GOOD: Final = made()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"event":"offer"}',
        b'"event":"offer"',
        GOOD + b"\n",
        b" " + GOOD,
        GOOD[:-1],
        GOOD + GOOD,
        GOOD.replace(b",", b", "),
        GOOD.replace(b":", b": ", 1),
        GOOD.replace(b"offer", b"OFFER"),
        GOOD.replace(b"offer", b"off\\u0065r"),
        GOOD.replace(b'"v":1', b'"v":1.0'),
        GOOD.replace(b'"v":1', b'"v":"1"'),
        GOOD.replace(b'"v":1', b'"v":1,"v":1'),
        GOOD.replace(b'"event":"offer"', b'"event":"offer","event":"grant"'),
        GOOD.replace(b'"day":"2027-01-15",', b"") + b'"day":"2027-01-15"',
        GOOD.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"2027", "\uff12\uff10\uff12\uff17".encode()),
        GOOD.replace(b"2027", b"202\xff"),
        made(v=0),
        made(v=2),
        made(v=None),
        made(event=None),
        made(event="carry off"),
        made(event=""),
        made(event="session"),
        made(event="start"),
        made(day=None),
        made(day="2027-1-15"),
        made(day="20270115"),
        made(day="2027-02-29"),
        made(day="2027-13-01"),
        made(day="2027-00-01"),
        made(day="0000-01-01"),
        made(day="2027-W03-5"),
        made(day="2027-01-15T00:00:00Z"),
        made(commitment=None),
        made(commitment=""),
        made(commitment=COMMITMENT + "="),
        made(commitment=COMMITMENT[:-1]),
        made(commitment=COMMITMENT[:-1] + "9"),
        made(commitment="+" + COMMITMENT[1:]),
        made(commitment="/" + COMMITMENT[1:]),
        made(handle=None),
        made(handle=RANDOM[:-1]),
        made(handle=RANDOM + "A"),
        made(handle=RANDOM[:-1] + "x"),
        made(handle=RANDOM + "=="),
        made(handle="sub_aaaqeayeaudaocajbifqydiob4"),
        made(station="sta_aaaqeayeaudaocajbifqydiob4"),
        made(subject=RANDOM),
        made(extra=1),
        b"x" * 70_000,
        b'{"event":"' * 7_000,
    ],
)
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    with pytest.raises(EntryMalformed):
        read_entry(data)


def test_the_good_entry_is_good() -> None:
    assert read_entry(GOOD) == Entry(Event.OFFER, "2027-01-15", COMMITMENT, {"handle": RANDOM})


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(EntryMalformed):
        read_entry(data)


@given(ENTRIES, st.data())
def test_no_changed_bit_leaves_two_spellings(entry: Entry, data: st.DataObject) -> None:
    """An entry with a changed bit is no entry, or another one that is written just so."""
    changed = bytearray(written(entry))
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    try:
        read = read_entry(bytes(changed))
    except EntryMalformed:
        return
    assert read != entry
    assert written(read) == bytes(changed)


@pytest.mark.parametrize("event", list(Event), ids=lambda event: str(event.value))
def test_an_entry_has_the_fields_of_its_form_and_no_others(event: Event) -> None:
    fields = {name: RANDOM if words is None else words[0] for name, words in FIELDS[event].items()}
    assert written(Entry(event, DAY.isoformat(), COMMITMENT, fields))
    for name, value in fields.items():
        with pytest.raises(ValueError, match=event.value):
            written(Entry(event, DAY.isoformat(), COMMITMENT, {n: v for n, v in fields.items() if n != name}))
        for wrong in ("", "x", f"{value} ", value.swapcase(), f'{value}","x":"y'):
            with pytest.raises(ValueError, match=event.value):
                written(Entry(event, DAY.isoformat(), COMMITMENT, {**fields, name: wrong}))
    for name in ("station", "subject", "at", "v", "handle_"):
        with pytest.raises(ValueError, match=event.value):
            written(Entry(event, DAY.isoformat(), COMMITMENT, {**fields, name: RANDOM}))


@pytest.mark.parametrize("commitment", ["", "x", COMMITMENT + "=", f'{COMMITMENT}","day":"2027-01-15', "ø" * 43])
def test_an_entry_commits_to_something(commitment: str) -> None:
    with pytest.raises(ValueError, match="offer"):
        write_entry(Event.OFFER, day=DAY, commitment=commitment, handle=RANDOM)
