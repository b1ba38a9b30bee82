"""Entries as they stand in the log: RFC 8785 JSON of a closed set of forms (``spec/audit-log.md``).

A form fixes every member, and how long each can be, so an entry can be written in one way only and has no room for
anything that is not listed here.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from visavis.model.access import ReadingKind
from visavis.model.audit import LIFECYCLE, EntryMalformed, Event
from visavis.model.decision import Means, Outcome, Resolution
from visavis.model.export import ExportStep
from visavis.model.station import SessionKind

VERSION: Final = 1
_RANDOM: Final = r"[A-Za-z0-9_-]{21}[AQgw]"
"""16 random bytes in base64url."""
_DIGEST: Final = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
"""32 bytes in base64url."""
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _one_of(*words: str) -> str:
    return "|".join(re.escape(word) for word in words)


PAIRING: Final = ("found", "declare", "end", "dispute")
"""What is done about people who look alike."""
_OF_ALL: Final = {"commitment": _DIGEST, "day": _DAY}
_FORMS: Final[dict[Event, dict[str, str]]] = {
    **{event: {"handle": _RANDOM} for event in LIFECYCLE},
    Event.SESSION: {"kind": _one_of(*(kind.value for kind in SessionKind)), "session": _RANDOM},
    Event.DECISION: {
        "kind": _one_of(*(kind.value for kind in SessionKind)),
        "means": _one_of(*(means.value for means in Means)),
        "outcome": _one_of(*(outcome.value for outcome in Outcome)),
        "session": _RANDOM,
    },
    Event.READING: {"act": _one_of(*(kind.value for kind in ReadingKind))},
    Event.EXPORT: {"act": _one_of("links", *(step.value for step in ExportStep))},
    Event.REVIEW: {"act": _one_of(*(resolution.value for resolution in Resolution), *PAIRING)},
    Event.KEY: {
        "act": _one_of("add", "rotate", "end"),
        "of": _one_of("api_key", "account", "station", "root", "epoch", "gallery", "subject"),
    },
    Event.POLICY: {"act": _one_of("add", "change"), "of": _one_of("purpose", "text", "gallery", "station")},
    Event.START: {},
    Event.UNSEAL: {},
    Event.SEAL: {},
    Event.BACKUP: {},
    Event.RESTORE: {},
}


def _pattern(event: Event) -> re.Pattern[str]:
    members = {name: f'"(?P<{name}>{form})"' for name, form in {**_OF_ALL, **_FORMS[event]}.items()}
    members |= {"event": f'"{event.value}"', "v": str(VERSION)}
    inside = ",".join(f'"{name}":{members[name]}' for name in sorted(members))
    return re.compile("\\{" + inside + "\\}")


_PATTERNS: Final = {event.value: (event, _pattern(event)) for event in Event}
_MARK: Final = '"event":"'


class Entry(NamedTuple):
    """One entry, read. ``fields`` has what its form has beside the commitment and the day."""

    event: Event
    day: str
    commitment: str
    fields: Mapping[str, str]


def write_entry(event: Event, *, day: date, commitment: str, **fields: str) -> bytes:
    """An entry's bytes.

    :param commitment: 32 bytes in base64url without padding, as ``commitment.Opened`` makes it.
    :raises ValueError: these are not the fields of such an entry, or one is out of its form.
    """
    members: dict[str, str] = {"commitment": commitment, "day": day.isoformat(), "event": event.value, **fields}
    inside = [f'"{name}":"{value}"' for name, value in members.items()] + [f'"v":{VERSION}']
    written = ("{" + ",".join(sorted(inside)) + "}").encode()
    try:
        read_entry(written)
    except EntryMalformed:
        raise ValueError(f"not an entry of the form {event.value}") from None
    return written


def read_entry(data: bytes) -> Entry:
    """One entry.

    :raises EntryMalformed: it is not of a form that there is.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise EntryMalformed("An entry is of no form that there is.") from None
    begin = text.find(_MARK) + len(_MARK)
    form = _PATTERNS.get(text[begin : text.find('"', begin)])
    found = None if form is None else form[1].fullmatch(text)
    if form is None or found is None:
        raise EntryMalformed("An entry is of no form that there is.")
    fields = found.groupdict()
    day = fields.pop("day")
    if not _is_day(day):
        raise EntryMalformed("An entry's day is none.")
    return Entry(form[0], day, fields.pop("commitment"), fields)


@lru_cache(maxsize=4096)
def _is_day(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
