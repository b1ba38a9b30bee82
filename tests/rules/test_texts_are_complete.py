"""Every text that a person sees is in every language, is used, and says what the others say."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import visavis.bootstrap  # noqa: F401 -- so that every error is known
from visavis.decide import plan_speech
from visavis.model.errors import StartupError, leaves

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


NOT_ON_PAGES: Final = {
    "the command line and the clients, which read files, logs and bundles themselves": {
        *("archive_unreadable", "archive_wrong", "bundle_foreign", "bundle_forged", "bundle_malformed", "bundle_over"),
        *("bundle_unreadable", "identity_unusable", "share_file_unreadable", "text_foreign", "verifier_key_malformed"),
        *("checkpoint_foreign", "checkpoint_malformed", "checkpoint_stale", "cosignatures_missing", "entry_malformed"),
        *("entry_wrong", "grammar_broken", "log_forked", "log_resource_missing", "log_unreachable", "note_malformed"),
        *("note_unsigned", "opening_wrong", "proof_malformed", "proof_missing", "proof_wrong", "tile_malformed"),
        *("tile_wrong", "export_malformed", "calibration_too_small"),
    },
    "ceremonies, which are held at a terminal": {
        *("ceremony_missing", "custodian_misnamed", "custodian_unknown", "quorum_impossible", "rehearsal_failed"),
        *("root_with_custodians", "shares_too_few"),
    },
    "witnesses, which are servers of their own": {
        *("log_moved", "log_unknown", "old_size_unfit", "submission_malformed", "witness_ahead", "witness_clock_back"),
        *("witness_conflict", "witness_refusing", "witness_stopped", "witness_unreachable", "witness_wrong"),
    },
    "imports, which programs bring": {"erased_before", "import_full", "photo_left_out"},
    "faults of a program, which no page makes": {
        *("idempotency_forbidden", "idempotency_mismatch", "method_unfit", "session_wrong_kind", "visit_key_refused"),
        *("epoch_destroyed", "transform_unfit"),
    },
}
"""Refusals that no page meets, by who does; every other one has words in the catalogues."""


def test_every_refusal_that_a_page_can_meet_has_words_of_the_reader() -> None:
    codes = {leaf.code for leaf in leaves() if not issubclass(leaf, StartupError)}
    elsewhere = set().union(*NOT_ON_PAGES.values())
    assert elsewhere <= codes, elsewhere - codes
    worded = {code for code in codes if f"problem.{code}.mend" in ENGLISH}
    assert sorted(codes - elsewhere - worded) == []
    assert sorted(worded & elsewhere) == []
