"""What an entry of the log says about one person, in plain words, for the person."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from visavis.audit.leaf import Entry
from visavis.model.audit import Event
from visavis.model.decision import Means

EVENTS: Final = {
    Event.CARRY: "You were known here before the log began",
    Event.OFFER: "Your photos were enrolled and you were asked",
    Event.GRANT: "You agreed",
    Event.DECLINE: "You said no",
    Event.ENROL: "You can be recognised from now on",
    Event.LAPSE: "Some photos of you were taken out",
    Event.ADMIT: "You are served without your face",
    Event.CREDENTIAL: "You were given a PIN and a QR code",
    Event.WITHDRAW: "You withdrew",
    Event.ERASE: "What was held about you was destroyed",
    Event.REVIEW: "A person looked at what the machine did not decide",
    Event.KEY: "The key that seals what is held about you was exchanged",
}
REMADE: Final = "A new PIN and QR code were made for you by {name}"
EXPORTED: Final = {
    "links": "Your link was put into a file",
    "references_done": "Your references left this server, encrypted to the recipient that custodians approved",
}
READ: Final = {
    "subject": "Everything held about you was read",
    "unnamed": "What is held about you was read, without your name",
    "lookup": "Everything held about you was read, found by your name",
    "credentials": "A new PIN and QR code of yours were shown to whoever made them",
    "decisions": "The result of your own check was read",
    "import": "Your enrolment among many was read",
    "archive": "Everything held about you was put into a file for you",
    "own": "What is held about you was opened with your face and your PIN",
}
MEANS: Final = {"face": "Your face was compared", "pin": "Your PIN was tried", "qr": "Your QR code was tried"}
KINDS: Final = {"identify": "with everybody enrolled", "verify": "with your name", "personal": "on your own device"}
OUTCOMES: Final = {
    "MATCH": "recognised",
    "NO_MATCH": "not recognised",
    "REFUSED": "not decided",
    "REVIEW": "a person has to look",
}
REVIEWED: Final = {"dispute": "Whoever was recognised as you at a station said that they are somebody else"}
RESOLUTIONS: Final = {"activate": "let through", "erase": "taken out", "noted": "noted"}


def what_in_words(entry: Entry, details: Mapping[str, Any]) -> str:
    """What happened."""
    event, fields = entry.event, entry.fields
    said: dict[Event, Callable[[], str]] = {
        Event.CREDENTIAL: lambda: REMADE.format(name=details["by"]) if "by" in details else EVENTS[Event.CREDENTIAL],
        Event.REVIEW: lambda: REVIEWED.get(fields["act"], EVENTS[Event.REVIEW]),
        Event.READING: lambda: READ.get(fields["act"], f"A list was read: {fields['act']}"),
        Event.EXPORT: lambda: EXPORTED.get(fields["act"], f"An export: {fields['act']}"),
        Event.SESSION: lambda: "A check of your face was opened " + KINDS.get(fields["kind"], fields["kind"]),
        Event.DECISION: lambda: compared_in_words(fields["means"], fields["kind"]),
    }
    return said[event]() if event in said else EVENTS.get(event, event.value)


def compared_in_words(means: str, kind: str) -> str:
    """What a decision looked at."""
    return f"{MEANS[means]} {KINDS.get(kind, kind)}" if means == Means.FACE.value else MEANS[means]


def who_in_words(entry: Entry, details: Mapping[str, Any]) -> str | None:
    """Who did it, and why, as far as the entry says it."""
    if entry.event in (Event.READING, Event.EXPORT):
        return f"{details.get('by')}: {details.get('reason')}"
    station = details.get("station")
    return f"{details.get('station_name') or 'station'} ({station})" if station else None


def result_in_words(entry: Entry, details: Mapping[str, Any]) -> str | None:
    """What came of it."""
    fields, reason = entry.fields, details.get("reason")
    if entry.event is Event.DECISION:
        outcome = OUTCOMES[fields["outcome"]]
        return f"{outcome}: {reason}" if reason else outcome
    return RESOLUTIONS.get(fields["act"]) if entry.event is Event.REVIEW else None
