"""Pages speak the language of whoever reads them."""

import gzip
import json
import re
from datetime import date
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from support.planned import calibration
from support.pseudo import CODE, spoken

from visavis.flows.ceremony import HandedOut
from visavis.model.keys import Custodian, Custody
from visavis.web.app import create_app
from visavis.web.services import Services
from visavis.web.share_sheets import share_sheet
from visavis.web.texts import CATALOGUES, Catalogue, accepted, lookup, new_tab

TEXTS = {
    "language.tag": "en-GB",
    "language.name": "English",
    "language.thousands": ",",
    "a": "No <b>{what}</b> of <me>{who}</me>",
    "b.one": "{n} day",
    "b.other": "{n} days",
}
ENGLISH = Catalogue.of("en", TEXTS)


@pytest.fixture
def http() -> TestClient:
    known = SimpleNamespace(calibration=calibration(), dimension=128)
    return TestClient(create_app(cast("Services", known)), raise_server_exceptions=False)


def language(http: TestClient, path: str = "/", **headers: str) -> str:
    found = re.search(r'<html lang="([\w-]+)" dir="ltr"', http.get(path, headers=headers).text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        ("", []),
        ("de", ["de"]),
        ("de-CH, en;q=0.5", ["de-CH", "en"]),
        ("en;q=0.5, de;q=0.8, fr", ["fr", "de", "en"]),
        ("en ; q=0.5 ,de", ["de", "en"]),
        ("de;q=0, en", ["en"]),
        ("*", []),
        ("de;q=2, en;q=0.1234, d_e, ;q=1, en;q=1.000", ["en"]),
        ("de," * 100, ["de"] * 32),
    ],
)
def test_what_a_browser_accepts_is_read_in_its_order(header: str, languages: list[str]) -> None:
    assert accepted(header)[:32] == languages


@given(st.text(alphabet="dexn-;=q.,0159* \t\u00e4"))
def test_nothing_that_a_browser_sends_is_a_fault(header: str) -> None:
    assert all(re.fullmatch(r"[a-zA-Z0-9-]+", tag) for tag in accepted(header))
    assert all(lookup(tag) in {None, *CATALOGUES.values()} for tag in accepted(header))


@pytest.mark.parametrize(
    ("tag", "code"),
    [("de", "de"), ("DE-at", "de"), ("de-Latn-CH-1996", "de"), ("en-US", "en"), ("d", None), ("", None)],
)
def test_a_tag_is_met_by_what_it_begins_with(tag: str, code: str | None) -> None:
    found = lookup(tag)
    assert (None if found is None else found.code) == code


def test_the_address_wins_over_the_choice_and_the_choice_over_the_browser(http: TestClient) -> None:
    assert language(http) == "en-GB"
    assert language(http, **{"Accept-Language": "fr, de-AT;q=0.9, en;q=0.8"}) == "de"
    assert language(http, "/?lang=de") == "de"
    assert language(http) == "de"
    assert language(http, "/me", **{"Accept-Language": "en"}) == "de"
    assert language(http, "/?lang=en") == "en-GB"
    assert language(http, "/?lang=xx", **{"Accept-Language": "de"}) == "en-GB"


def test_a_choice_is_kept_where_no_script_reads_it(http: TestClient) -> None:
    kept = http.get("/?lang=de").headers["Set-Cookie"]
    assert kept.startswith("visavis-lang=de; HttpOnly; ")
    assert "Secure" not in kept
    secure = TestClient(http.app, base_url="https://visavis.example").get("/?lang=de").headers["Set-Cookie"]
    assert secure.startswith("__Host-visavis-lang=de; HttpOnly; ")
    assert "; Secure" in secure
    assert "Path=/" in secure
    assert "Domain" not in secure
    for path in ("/", "/?lang=xx", "/?lang=%22", "/me"):
        assert "Set-Cookie" not in http.get(path).headers


def test_a_page_offers_the_other_languages_and_keeps_what_was_asked(http: TestClient) -> None:
    text = http.get("/plan?people=100&lang=de").text
    assert '<a href="?people=100&amp;lang=en" lang="en-GB" hreflang="en-GB">English</a>' in text
    assert 'lang="de" hreflang="de" aria-current="true">Deutsch</a>' in text
    assert http.get("/plan?lang=de").headers["Content-Language"] == "de"


def test_the_reference_is_english_and_says_so(http: TestClient) -> None:
    answer = http.get("/docs?lang=de")
    assert '<html lang="en-GB" dir="ltr"' in answer.text
    assert '<p class="note" lang="de" dir="ltr">Diese Referenz gibt es nur auf Englisch.</p>' in answer.text
    assert "Englisch" not in http.get("/docs?lang=en").text


def test_modules_find_the_texts_where_the_page_says(http: TestClient) -> None:
    for code, catalogue in CATALOGUES.items():
        assert f'data-texts="{catalogue.address}"' in http.get(f"/me?lang={code}").text
        answer = http.get(catalogue.address)
        assert answer.json() == catalogue.texts
        assert "immutable" in answer.headers["Cache-Control"]
        for address in (f"/texts/{code}.json", f"/texts/{code}.json?v=0", f"/texts/{code}.json?v="):
            assert http.get(address).headers["Cache-Control"] == "no-cache"
    with http.stream("GET", "/texts/en.json", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert json.loads(gzip.decompress(raw)) == CATALOGUES["en"].texts
    plain = http.get("/texts/en.json", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == CATALOGUES["en"].texts
    assert http.get("/texts/xx.json").json()["code"] == "not_found"


def test_other_texts_have_another_address() -> None:
    assert Catalogue.of("en", {**TEXTS, "a": "other"}).address != ENGLISH.address


def test_values_are_filled_in_and_counted() -> None:
    assert ENGLISH.t("a", what="way", who="you") == "No <b>way</b> of <me>you</me>"
    assert [ENGLISH.t("b", n=n) for n in (0, 1, 2, 1000)] == ["0 days", "1 day", "2 days", "1,000 days"]
    for missing in ({"what": "way"}, {}):
        with pytest.raises(KeyError):
            ENGLISH.t("a", **missing)
    with pytest.raises(KeyError):
        ENGLISH.t("c")


def test_no_value_becomes_markup_unless_it_is() -> None:
    shown = ENGLISH.rich("a", what="<i>{who}", who=Markup("<i>x</i>"), me='/"me')
    assert shown == 'No <b>&lt;i&gt;{who}</b> of <a href="/&#34;me"><i>x</i></a>'
    assert 'href="/me" target="_blank" rel="noopener"' in ENGLISH.rich("a", what="", who="", me=new_tab("/me"))
    assert Catalogue.of("en", TEXTS | {"a": "<script> {x}"}).rich("a", x="1", script="/") == '<a href="/"> 1'


def test_a_language_from_right_to_left_says_so(http: TestClient) -> None:
    with spoken():
        assert '<html lang="ar-x-rtl" dir="rtl"' in http.get(f"/?lang={CODE}").text
    assert '<html lang="en-GB" dir="ltr"' in http.get(f"/?lang={CODE}").text


@pytest.mark.parametrize(("code", "title"), [("en", "Share 2 of 3"), ("de", "Anteil 2 von 3")])
def test_a_custodian_reads_their_sheet_in_their_language(code: str, title: str) -> None:
    custodians = tuple(Custodian(number=number, name=f"<{number}>", approval_key=b"") for number in (1, 2, 3))
    custody = Custody(mode="quorum", threshold=2, custodians=custodians)
    handed = HandedOut(custodians[1], "academic acid")
    sheet = share_sheet(handed, custody=custody, server="here", on=date(2026, 3, 4), language=code).decode()
    assert f"<h1>{title}</h1>" in sheet
    assert "<li>academic</li>" in sheet
    assert "&lt;2&gt;" in sheet
