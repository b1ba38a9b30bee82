"""What the log says about one person, in plain words."""

from collections.abc import Callable
from typing import Any, Final

from visavis.client import OwnEntry
from visavis.model.audit import Event
from visavis.model.decision import Means

_EVENTS: Final = {
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
    Event.EXPORT: "Your link was put into a file",
}
_READ: Final = {
    "subject": "Everything held about you was read",
    "lookup": "Everything held about you was read, found by your name",
    "decisions": "The result of your own check was read",
    "import": "Your enrolment among many was read",
}
_MEANS: Final = {"face": "Your face was compared", "pin": "Your PIN was tried", "qr": "Your QR code was tried"}
_KINDS: Final = {"identify": "with everybody enrolled", "verify": "with your name", "personal": "on your own device"}
_OUTCOMES: Final = {
    "MATCH": "recognised",
    "NO_MATCH": "not recognised",
    "REFUSED": "not decided",
    "REVIEW": "a person has to look",
}
_RESOLUTIONS: Final = {"activate": "let through", "erase": "taken out", "noted": "noted"}


def in_words(own: OwnEntry, *, purposes: dict[str, str]) -> dict[str, Any]:
    """One entry as a row of a table.

    :param purposes: names by identifier.
    """
    details = own.details
    purpose = details.get("purpose")
    return {
        "when": own.at.strftime("%Y-%m-%d %H:%M"),
        "what": _what(own),
        "who": _who(own),
        "purpose": purposes.get(str(purpose), purpose) if purpose else purposes.get(str(details.get("gallery"))),
        "result": _result(own),
        "in the log": f"proven, entry {own.index}" if own.proven else "not yet published",
    }


def _what(own: OwnEntry) -> str:
    event, fields = own.entry.event, own.entry.fields
    said: dict[Event, Callable[[], str]] = {
        Event.READING: lambda: _READ.get(fields["act"], f"A list was read: {fields['act']}"),
        Event.SESSION: lambda: "A check of your face was opened " + _KINDS.get(fields["kind"], fields["kind"]),
        Event.DECISION: lambda: _compared(fields["means"], fields["kind"]),
    }
    return said[event]() if event in said else _EVENTS.get(event, event.value)


def _compared(means: str, kind: str) -> str:
    return f"{_MEANS[means]} {_KINDS.get(kind, kind)}" if means == Means.FACE.value else _MEANS[means]


def _who(own: OwnEntry) -> str | None:
    details = own.details
    if own.entry.event in (Event.READING, Event.EXPORT):
        return f"{details.get('by')}: {details.get('reason')}"
    station = details.get("station")
    return f"{details.get('station_name') or 'station'} ({station})" if station else None


def _result(own: OwnEntry) -> str | None:
    fields, reason = own.entry.fields, own.details.get("reason")
    if own.entry.event is Event.DECISION:
        outcome = _OUTCOMES[fields["outcome"]]
        return f"{outcome}: {reason}" if reason else outcome
    return _RESOLUTIONS.get(fields["act"]) if own.entry.event is Event.REVIEW else None
