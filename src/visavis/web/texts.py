"""What pages say, in the language of whoever reads them.

Texts stand in ``texts/CODE.json``, one flat object for each language: ``"me.title": "My data"``. ``{name}`` is filled
in; ``key.one`` and ``key.other`` are the forms of a counted thing, chosen by the value ``n``. Texts may have the tags
``<b>``, ``<code>``, ``<small>`` and ``<br>``, and others that the page gives an address to; ``rich`` shows them.
"""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape

from visavis.model.access import NotFound
from visavis.web.packed_files import takes_gzip

COOKIE: Final = "visavis-lang"
QUERY: Final = "lang"
DEFAULT: Final = "en"
RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
"""Languages whose usual script runs from right to left."""

_YEAR_S: Final = 365 * 86400
_MOST_RANGES: Final = 32
_FILLED: Final = re.compile(r"\{(\w+)\}")
_TAG: Final = re.compile(r"&lt;(/?)(\w+)&gt;")
_PLAIN_TAGS: Final = frozenset({"b", "code", "small", "br"})
_RANGE: Final = re.compile(
    r"(?P<tag>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:\s*;\s*q=(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?"
)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The texts of one language.

    ``tag`` (BCP 47) goes on the page, and formats its dates and numbers; ``address`` is where modules find the texts,
    another one for other texts.
    """

    code: str
    tag: str
    name: str
    texts: Mapping[str, str]
    address: str

    @classmethod
    def of(cls, code: str, texts: Mapping[str, str]) -> "Catalogue":
        """A catalogue whose tag and name are texts of it."""
        address = f"/texts/{code}.json?v={sha256(_as_json(texts)).hexdigest()[:16]}"
        return cls(code, texts["language.tag"], texts["language.name"], texts, address)

    @cached_property
    def packed(self) -> bytes:
        """The texts as JSON, gzipped."""
        return gzip.compress(_as_json(self.texts), mtime=0)

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``, for ``dir``."""
        return "rtl" if self.tag.partition("-")[0] in RIGHT_TO_LEFT else "ltr"

    def t(self, key: str, **values: object) -> str:
        """One text, with ``values`` filled in; where it has forms for counts, ``n`` says which.

        :raises KeyError: there is no such text, or a value for it is missing.
        """
        return _FILLED.sub(lambda found: self._told(values[found[1]]), self._form(key, values))

    def rich(self, key: str, /, **values: object) -> Markup:
        """The same as HTML. A value whose name is a tag of the text is the address of that link (see ``new_tab``).

        Values that are ``Markup`` go in as they are, others escaped.
        """

        def tag(found: re.Match[str]) -> str:
            end, name = found.groups()
            if name in _PLAIN_TAGS:
                return f"<{end}{name}>"
            return "</a>" if end else f"<a {_link(values[name])}>"

        text = _TAG.sub(tag, str(escape(self._form(key, values))))
        return Markup(_FILLED.sub(lambda found: str(escape(self._told(values[found[1]]))), text))  # noqa: S704 -- the text is escaped above, and so is each value that is not markup

    def find(self, key: str, **values: object) -> str | None:
        """A text that may be missing: one for each of many codes."""
        return self.t(key, **values) if key in self.texts else None

    def day(self, stamp: str) -> str:
        """A day in words.

        :param stamp: ISO 8601, a day or a moment; the day is the one that is written there.
        """
        at = datetime.fromisoformat(stamp)
        month = self.t(f"language.month.{at.month}")
        return self.t("language.day", day=at.day, month=month, year=str(at.year))

    def minute(self, stamp: str) -> str:
        """A day and the time of it.

        :param stamp: ISO 8601, a moment in UTC.
        """
        return self.t("language.minute", day=self.day(stamp), time=f"{datetime.fromisoformat(stamp):%H:%M}")

    def _form(self, key: str, values: Mapping[str, object]) -> str:
        if key in self.texts:
            return self.texts[key]
        # All languages here count one and several, as English does; another one brings its rule.
        return self.texts[f"{key}.one" if values["n"] == 1 else f"{key}.other"]

    def _told(self, value: object) -> str:
        if not isinstance(value, int):
            return value if isinstance(value, str) else str(value)
        return f"{value:,}".replace(",", self.texts["language.thousands"])


def _as_json(texts: Mapping[str, str]) -> bytes:
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()


def _read(code: str) -> Catalogue:
    path = Path(__file__).parent / "texts" / f"{code}.json"
    return Catalogue.of(code, json.loads(path.read_text(encoding="utf-8")))


OFFERED: Final = tuple(_read(code) for code in (DEFAULT, "de"))
"""The languages that people choose from."""
CATALOGUES: Final[dict[str, Catalogue]] = {one.code: one for one in OFFERED}


def accepted(header: str) -> list[str]:
    """The languages of ``Accept-Language`` (RFC 9110, 12.5.4), best first; what is not of the form is left out."""
    ranges = [_RANGE.fullmatch(part.strip()) for part in header.split(",")[:_MOST_RANGES]]
    wanted = [(float(one["q"] or 1), one["tag"]) for one in ranges if one is not None]
    return [tag for quality, tag in sorted(wanted, key=lambda one: -one[0]) if quality > 0]


def lookup(tag: str) -> Catalogue | None:
    """The catalogue for a tag, or for what it begins with (RFC 4647, 3.4): German for ``de-CH``."""
    parts = tag.lower().split("-")
    found = (CATALOGUES.get("-".join(parts[:length])) for length in range(len(parts), 0, -1))
    return next((one for one in found if one is not None), None)


def language_of(request: Request) -> Catalogue:
    """What whoever asks reads: by the address, by what they chose before, by their browser, or English."""
    fixed: Catalogue | None = getattr(request.state, "language", None)
    if fixed is not None:
        return fixed
    chosen = (request.query_params.get(QUERY), request.cookies.get(_cookie_name(request)))
    wanted = [tag for tag in chosen if tag] + accepted(request.headers.get("Accept-Language", ""))
    return next((one for tag in wanted if (one := lookup(tag)) is not None), CATALOGUES[DEFAULT])


def _cookie_name(request: Request) -> str:
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def field(name: str) -> Markup:
    """A place in a text that a module fills in."""
    return Markup('<span data-field="{}"></span>').format(name)


def code_field(name: str) -> Markup:
    """A place in a text that a module fills in with what is no word of any language."""
    return Markup('<code data-field="{}"></code>').format(name)


def command(words: str) -> Markup:
    """What is typed into a terminal."""
    return Markup("<code>{}</code>").format(words)


def new_tab(address: str) -> Markup:
    """The address of a link that leaves the page open, since what is on it is there only once."""
    return Markup('href="{}" target="_blank" rel="noopener"').format(address)


def _link(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup('href="{}"').format(value)


def words(language: Catalogue) -> dict[str, Any]:
    """What every page knows of its language: ``t``, ``rich``, ``field`` and what is on ``<html>``."""
    return {
        "t": language.t,
        "rich": language.rich,
        "field": field,
        "code_field": code_field,
        "command": command,
        "new_tab": new_tab,
        "language": language,
        "languages": OFFERED,
    }


class Pages(Jinja2Templates):
    """Templates that speak the language of whoever asks."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, context_processors=[lambda request: words(language_of(request))])

    def shown(
        self, request: Request, name: str, context: dict[str, Any] | None = None, *, status: int = 200
    ) -> HTMLResponse:
        """A page. A language that its address names is kept for the pages after it."""
        answer = self.TemplateResponse(request, name, context, status_code=status)
        answer.headers["Content-Language"] = language_of(request).tag
        chosen = lookup(request.query_params.get(QUERY, ""))
        if chosen is not None:
            is_secure = request.url.scheme == "https"
            answer.set_cookie(
                _cookie_name(request), chosen.code, max_age=_YEAR_S, secure=is_secure, httponly=True, samesite="lax"
            )
        return answer


router = APIRouter(include_in_schema=False)


@router.get("/texts/{code}.json")
def texts(request: Request, code: str) -> Response:
    """The texts of one language, for modules; kept by browsers for as long as they are these."""
    found = CATALOGUES.get(code)
    if found is None:
        raise NotFound("There are no texts in this language.")
    is_named = found.address.endswith(f"={request.query_params.get('v')}")
    keep = f"public, max-age={_YEAR_S}, immutable" if is_named else "no-cache"
    headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
    if not takes_gzip(request.headers):
        return Response(_as_json(found.texts), media_type="application/json", headers=headers)
    return Response(found.packed, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})
