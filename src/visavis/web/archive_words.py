"""Rows and entries of the log in the words of a language, for the page in an archive.

The same texts as on "My data": ``browser/src/log/log-words.ts`` and ``browser/src/shared/words.ts`` read them there.
"""

from collections.abc import Mapping
from typing import Any

from visavis.audit.leaf import Entry, read_entry
from visavis.model.access import ReadingKind
from visavis.model.audit import EntryMalformed, Event
from visavis.model.decision import Means
from visavis.web.texts import Catalogue


def told_entry(own: Mapping[str, Any], language: Catalogue) -> dict[str, Any]:
    """An entry of the log in plain words; one of a later release as it is."""
    told = {"index": str(own["index"]), "at": own["details"].get("at"), "proven": own["proof"] is not None}
    try:
        entry = read_entry(own["entry"].encode())
    except EntryMalformed:
        return {**told, "what": own["entry"], "who": None, "result": None}
    details = own["details"]
    what, who, result = (
        _what(entry, details, language),
        _who(entry, details, language),
        _result(entry, details, language),
    )
    return {**told, "what": what, "who": who, "result": result}


def compared(means: str, kind: str, language: Catalogue) -> str:
    """What a decision looked at."""
    if means != Means.FACE.value:
        return language.t(f"log.event.{means}")
    return language.t("log.event.face", kind=_kind(kind, language))


def reason(code: str, language: Catalogue) -> str:
    """Why something was refused or left to a person, by its code; a code of a later release as it is."""
    return language.find(f"words.reason.{code}") or _plain(code)


def station(name: str, language: Catalogue) -> str:
    """Where something was."""
    return language.t("log.at", station=name)


def _what(entry: Entry, details: Mapping[str, Any], language: Catalogue) -> str:
    event, fields = entry.event, entry.fields
    if event is Event.CREDENTIAL and "by" in details:
        return language.t("log.event.credential_by", name=str(details["by"]))
    if event is Event.READING:
        list_ = _plain(fields["act"])
        return language.find(f"log.read.{fields['act']}") or language.t("log.read.list", list=list_)
    if event is Event.SESSION:
        return language.t("log.event.session", kind=_kind(fields["kind"], language))
    if event is Event.DECISION:
        return compared(fields["means"], fields["kind"], language)
    # An act that has words of its own: a dispute, references that left.
    own = language.find(f"log.event.{fields['act']}") if event in {Event.REVIEW, Event.EXPORT} else None
    return own or language.find(f"log.event.{event.value}") or _plain(event.value)


def _who(entry: Entry, details: Mapping[str, Any], language: Catalogue) -> str | None:
    """Who did it, and why, as far as the entry says it."""
    if entry.event is Event.READING and entry.fields["act"] == ReadingKind.OWN.value:
        return station(str(details.get("reason")), language)
    if entry.event in {Event.READING, Event.EXPORT}:
        return language.t("log.by", name=str(details.get("by")), reason=str(details.get("reason")))
    at = details.get("station")
    return station(str(details.get("station_name") or at), language) if at else None


def _result(entry: Entry, details: Mapping[str, Any], language: Catalogue) -> str | None:
    if entry.event is Event.REVIEW:
        return language.find(f"log.resolution.{entry.fields['act']}")
    if entry.event is not Event.DECISION:
        return None
    outcome = language.t(f"words.outcome.{entry.fields['outcome']}")
    return f"{outcome} ({reason(details['reason'], language)})" if details.get("reason") else outcome


def _kind(kind: str, language: Catalogue) -> str:
    return language.find(f"log.kind.{kind}") or _plain(kind)


def _plain(name: str) -> str:
    """``document_check`` as "document check"."""
    return name.replace("_", " ")
