"""An archive of what is held about one person, as a file: pages for people, data for programs, and its signature."""

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any, Final

import jinja2

from visavis.flows.archive import About, as_json
from visavis.flows.kept import NOT_KEPT, PERSON, shown
from visavis.web.archive_words import compared, reason, told_entry
from visavis.web.texts import Catalogue, words

MEDIA_TYPE: Final = "application/zip"
PAGE: Final = "about-you.html"
DATA: Final = "about-you.json"
_PRIVATE: Final = 0o600 << 16
"""The mode of a file in a zip: its owner reads it, nobody else."""


def packed(
    about: About, *, language: Catalogue, sign: Callable[[About, Mapping[str, bytes]], Mapping[str, bytes]]
) -> bytes:
    """The zip file; its entries bear the time at which it was made.

    :param language: of the page; the data is the same in any.
    :param sign: adds the signed texts, the digests of all files and the signature.
    """
    files = sign(about, {PAGE: page(about.document, language).encode(), DATA: as_json(about.document)})
    made_at = about.made_at.astimezone(UTC)
    when = (made_at.year, made_at.month, made_at.day, made_at.hour, made_at.minute, made_at.second)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=when)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _PRIVATE
            archive.writestr(entry, content)
    return out.getvalue()


def page(document: Mapping[str, Any], language: Catalogue) -> str:
    """The document in plain words of a language, as one page that loads nothing.

    What people wrote and what was signed stays in the language it is in.
    """
    return _TEMPLATE.render(
        **document,
        **words(language),
        entries=[told_entry(own, language) for own in document["log"]["entries"]],
        without={one["section"] for one in document["left_out"]},
        tables={one.section: one.table for one in shown()},
        hidden=[one.table for one in PERSON if one.withheld is not None],
        nowhere=list(NOT_KEPT),
        compared=partial(compared, language=language),
        reason_in_words=partial(reason, language=language),
        one_in=lambda rate: language.t("words.one_in", many=_one_in(rate)),
    )


def _one_in(rate: float) -> int:
    """Never a rounder promise than was made."""
    return int(1 / rate + 1e-9)


def _environment() -> jinja2.Environment:
    # Names, reasons and texts are other people's words: all of them are escaped.
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_TEMPLATE: Final = _environment().get_template("about-you.html")
