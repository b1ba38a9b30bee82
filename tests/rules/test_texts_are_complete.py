"""Every text that a person sees is in every language, is used, and says what the others say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from visavis.decide import plan_speech

ROOT: Final = Path(__file__).resolve().parents[2]
WEB: Final = ROOT / "src" / "visavis" / "web"
FOLDER: Final = WEB / "texts"
PLACES: Final = re.compile(r"\{\w+\}|</?\w+>")
ENDING: Final = re.compile(r"\.(one|other)$")
SAME: Final = {
    "PIN", "API", "OpenAPI", "Name", "Server", "QR-Code", "Status", "Station",
    "April", "August", "September", "November",
}  # fmt: skip
"""Words that German has from English, or the other way round."""
QUOTED: Final = re.compile(r"""["'`]([a-z][\w-]*(?:\.[\w-]+)+)["'`]""")
IN_TYPESCRIPT: Final = re.compile(r"`([a-z][\w.]*\.[^`]*\$\{[^`]*)`")
IN_JINJA: Final = re.compile(r"""["']([a-z][\w.]*\.)["'](?:\s*~\s*[\w.\[\]'"]+?)(?:\s*~\s*["']([\w.]+)["'])?[\s,)]""")
IN_PYTHON: Final = re.compile(r"""f["']([a-z][\w.]*\.\{[^"']*)["']""")
ASKED: Final = re.compile(r"""\b(?:t|rich)\(\s*["']([\w.-]+)["']\s*[,)]""")


def pairs(listed: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in listed]
    assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
    return dict(listed)


def catalogue(code: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((FOLDER / f"{code}.json").read_text("utf-8"), object_pairs_hook=pairs)
    return found


ENGLISH: Final = catalogue("en")
OTHERS: Final = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "en")


def sources() -> Iterator[str]:
    """The text of everything that shows texts: pages, what answers with them, modules."""
    for folder, kinds in ((WEB / "pages", ("html",)), (WEB, ("py",)), (ROOT / "browser" / "src", ("ts",))):
        for kind in kinds:
            yield from (path.read_text("utf-8") for path in sorted(folder.rglob(f"*.{kind}")))


def known(key: str) -> bool:
    return key in ENGLISH or f"{key}.other" in ENGLISH


def made() -> Iterator[re.Pattern[str]]:
    """Keys that are put together when a page is shown."""
    for source in sources():
        for found in IN_TYPESCRIPT.finditer(source):
            yield re.compile(re.sub(r"\\\$\\\{.*?\\\}", r"[\\w-]+", re.escape(found[1])))
        for found in IN_PYTHON.finditer(source):
            yield re.compile(re.sub(r"\\\{.*?\\\}", r"[\\w.-]+", re.escape(found[1])))
        for found in IN_JINJA.finditer(source):
            yield re.compile(rf"{re.escape(found[1])}[\w-]+{re.escape(found[2] or '')}")


def test_every_text_that_is_asked_for_is_there() -> None:
    asked = {found for source in sources() for found in ASKED.findall(source)}
    assert len(asked) > 100
    assert sorted(key for key in asked if not known(key)) == []


def test_every_text_is_used() -> None:
    named = {found for source in sources() for found in QUOTED.findall(source)}
    patterns = list(made())

    def is_used(key: str) -> bool:
        plain = ENDING.sub("", key)
        return bool({key, plain} & named) or any(one.fullmatch(key) or one.fullmatch(plain) for one in patterns)

    assert sorted(key for key in ENGLISH if not key.startswith("language.") and not is_used(key)) == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_has_the_same_texts_in_the_same_order(code: str) -> None:
    assert list(catalogue(code)) == list(ENGLISH)


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_fills_in_the_same(code: str) -> None:
    other = catalogue(code)
    found = {key: (sorted(PLACES.findall(ENGLISH[key])), sorted(PLACES.findall(other[key]))) for key in ENGLISH}
    assert {key: both for key, both in found.items() if both[0] != both[1]} == {}


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated(code: str) -> None:
    other = catalogue(code)
    same = [
        key for key, text in ENGLISH.items() if text == other[key] and text not in SAME and re.search("[a-z]", text)
    ]
    assert same == []


@pytest.mark.parametrize("code", ["en", *OTHERS])
def test_texts_are_tidy(code: str) -> None:
    for key, text in catalogue(code).items():
        assert text == text.strip(), key
        assert "  " not in text, key
        assert "..." not in text, key
        assert not re.search(r"<(?!/?\w+>)", text), key
        opened, closed = re.findall(r"<(\w+)>", text), re.findall(r"</(\w+)>", text)
        assert sorted(tag for tag in opened if tag != "br") == sorted(closed), key


def test_counted_texts_have_both_forms() -> None:
    ends: dict[str, Any] = {}
    for key in ENGLISH:
        if found := ENDING.search(key):
            ends.setdefault(ENDING.sub("", key), set()).add(found[1])
    assert {key: forms for key, forms in ends.items() if forms != {"one", "other"}} == {}


def test_a_plan_is_told_on_the_page_as_in_the_terminal() -> None:
    begin = "plan.says."
    told = {key.removeprefix(begin): text for key, text in ENGLISH.items() if key.startswith(begin)}
    assert told == plan_speech.ENGLISH
