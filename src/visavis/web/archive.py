"""An archive of what is held about one person, as a file: pages for people, data for programs, and its signature."""

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jinja2

from visavis.audit.leaf import read_entry
from visavis.audit.words import KINDS, OUTCOMES, compared_in_words, result_in_words, what_in_words, who_in_words
from visavis.flows.archive import About, as_json
from visavis.model.audit import EntryMalformed

MEDIA_TYPE: Final = "application/zip"
PAGE: Final = "about-you.html"
DATA: Final = "about-you.json"
_PRIVATE: Final = 0o600 << 16
"""The mode of a file in a zip: its owner reads it, nobody else."""

_STATES: Final = {
    "CONSENTED": "You agreed to be recognised.",
    "PENDING": "You have not agreed. Nothing is compared with you.",
    "WITHOUT_FACE": "You use a PIN or a QR code. No face of yours is held.",
}
_ENROLLED: Final = {"CONSENTED": "you agreed", "PENDING": "you have not answered"}
_LOOKED: Final = {
    "subject": "Everything held about you",
    "unnamed": "What is held about you, without your name",
    "lookup": "Everything held about you, found by your name",
    "archive": "Everything held about you, taken away as a file for you",
    "decisions": "What was decided in a check that you started",
    "import": "Your enrolment among many",
}
_BROUGHT: Final = {"PENDING": "enrolled", "REFUSED": "refused"}
_SESSIONS: Final = {
    "AWAITING": "waits for you",
    "OPEN": "open",
    "USED": "used, once",
    "CLOSED": "closed unused",
}


def packed(about: About, *, sign: Callable[[About, Mapping[str, bytes]], Mapping[str, bytes]]) -> bytes:
    """The zip file; its entries bear the time at which it was made.

    :param sign: adds the signed texts, the digests of all files and the signature.
    """
    files = sign(about, {PAGE: page(about.document).encode(), DATA: as_json(about.document)})
    made_at = about.made_at.astimezone(UTC)
    when = (made_at.year, made_at.month, made_at.day, made_at.hour, made_at.minute, made_at.second)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=when)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _PRIVATE
            archive.writestr(entry, content)
    return out.getvalue()


def page(document: Mapping[str, Any]) -> str:
    """The document in plain words, as one page that loads nothing."""
    without = {one["section"] for one in document["left_out"]}
    entries = [_entry(own) for own in document["log"]["entries"]]
    return _TEMPLATE.render(**document, entries=entries, without=without)


def _entry(own: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of the log in plain words; one of a later release as it is."""
    told = {"index": own["index"], "at": own["details"].get("at"), "proven": own["proof"] is not None}
    try:
        entry = read_entry(own["entry"].encode())
    except EntryMalformed:
        return {**told, "what": own["entry"], "who": None, "result": None}
    details = own["details"]
    what, who, result = what_in_words(entry), who_in_words(entry, details), result_in_words(entry, details)
    return {**told, "what": what, "who": who, "result": result}


def _day(stamp: str | None) -> str:
    return "" if stamp is None else f"{(at := datetime.fromisoformat(stamp)).day} {at:%B %Y}"


def _minute(stamp: str | None) -> str:
    return "" if stamp is None else f"{_day(stamp)}, {datetime.fromisoformat(stamp):%H:%M} UTC"


def _one_in(rate: float) -> str:
    """Never a rounder promise than was made."""
    return f"1 in {int(1 / rate + 1e-9):,}"


def _environment() -> jinja2.Environment:
    # Names, reasons and texts are other people's words: all of them are escaped.
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"day": _day, "minute": _minute, "one_in": _one_in}
    made.globals |= {
        "states": _STATES,
        "enrolled": _ENROLLED,
        "looked": _LOOKED,
        "brought": _BROUGHT,
        "session_states": _SESSIONS,
        "outcomes": OUTCOMES,
        "kinds": KINDS,
        "compared": compared_in_words,
    }
    return made


_TEMPLATE: Final = _environment().get_template("about-you.html")
