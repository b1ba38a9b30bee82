"""The planner's page, as somebody without a script sees it.

Its server has nothing but a calibration: there is nobody in it of whom the page could say anything.
"""

import re
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Final, cast
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from support.planned import calibration
from support.pseudo import CODE, spoken

from visavis.decide.plan import Aim, Wanted, plan
from visavis.decide.plan_speech import ENGLISH, told
from visavis.web.app import create_app
from visavis.web.services import Services
from visavis.web.texts import CATALOGUES


@pytest.fixture
def http() -> TestClient:
    known = SimpleNamespace(calibration=calibration(), dimension=128)
    return TestClient(create_app(cast("Services", known)), raise_server_exceptions=False)


def page(http: TestClient, query: str = "", *, status: int = 200) -> str:
    answer = http.get(f"/plan{query}")
    assert answer.status_code == status, answer.text
    return " ".join(unescape(answer.text).split())


def fact(text: str, what: str) -> str:
    found = re.search(rf"<dt>{re.escape(what)}</dt><dd><b>(.*?)</b>", text)
    assert found is not None, what
    return found[1]


def test_it_says_something_before_anything_was_typed(http: TestClient) -> None:
    text = page(http)
    assert "This can be promised." in text
    assert fact(text, "references compared with somebody who comes") == "1,000"
    assert fact(text, "most people for whom this can be promised") == "1,005"


def test_a_form_asks_for_what_was_typed_and_shows_it_again(http: TestClient) -> None:
    text = page(http, "?people=100&value=5%25&aim=fpir&references_each=3")
    assert '<form method="get" action="/plan"' in text
    assert 'name="people" value="100"' in text
    assert 'name="value" value="5%"' in text
    assert fact(text, "references compared with somebody who comes") == "300"


def test_what_nobody_has_measured_is_not_known(http: TestClient) -> None:
    text = page(http, "?people=1e9")
    assert "Not known." in text
    for what in ("threshold", "false accepts a day", "missed people a day"):
        assert fact(text, what) == "not known"


def test_a_claim_is_called_one(http: TestClient) -> None:
    text = page(http, "?people=1.3e9&claimed_fmr=1e-9&claimed_fnmr=2%25&claim=88%25")
    assert "This is arithmetic with a claim." in text
    assert fact(text, "wrong answers when each of them is looked for once") == "156 million"
    assert fact(text, "threshold") == "not known"


def test_the_picture_is_in_the_page_and_brings_no_style_of_its_own(http: TestClient) -> None:
    text = page(http)
    assert text.count("<svg ") == 1
    assert 'class="plan-wrong"' in text
    assert "<style" not in text
    assert " style=" not in text


@pytest.mark.parametrize("query", ["?people=x", "?people=0", "?aim=y", "?value=90%25", "?claim=101%25", "?days_kept=0"])
def test_what_makes_no_sense_is_said_and_nothing_follows(http: TestClient, query: str) -> None:
    answer = http.get(f"/plan{query}")
    assert answer.status_code == 422
    assert 'role="status" class="note bad"' in answer.text
    assert "<svg" not in answer.text
    assert "<form" in answer.text


def test_what_is_typed_cannot_become_part_of_the_page(http: TestClient) -> None:
    for name in ("people", "claim", "aim", "core_hour_price"):
        answer = http.get("/plan", params={name: "\"><script>alert('x')</script>"})
        assert "<script>" not in answer.text


def test_only_this_page_may_send_a_form_and_only_here(http: TestClient) -> None:
    policies = {path: http.get(path).headers["Content-Security-Policy"] for path in ("/plan", "/", "/me", "/unseal")}
    assert "form-action 'self'" in policies["/plan"]
    assert policies["/plan"].replace("form-action 'self'", "form-action 'none'") == policies["/"]
    assert policies["/"] == policies["/unseal"] == policies["/me"].replace(" 'wasm-unsafe-eval'", "")


def test_it_is_told_in_german_too(http: TestClient) -> None:
    text = page(http, "?lang=de&people=2000&references_each=3")
    assert fact(text, "Referenzen, mit denen verglichen wird, wer kommt") == "6.000"
    assert fact(text, "falsch Erkannte am Tag") == "nicht bekannt"
    assert "Nicht bekannt. Eine solche Galerie wird abgelehnt" in text
    assert "Was hilft: eine kleinere Galerie" in text
    assert ">1 Million</text>" in text
    assert ">0,1 %</text>" in text
    assert "Ein Vergleich darf höchstens einmal in 596.995 irren; die Kalibrierung von m kennt Raten" in text
    assert "Menschen in der Galerie: eine Zahl wie 1000" in page(http, "?lang=de&people=x", status=422)
    assert fact(text, "Sekunden je Referenz und Dimension, ein Kern") == "3,07e-10"


def test_nothing_that_it_says_is_left_in_english(http: TestClient) -> None:
    """On a page in a language of accents, what was typed and the names of programs are all that has none."""
    with spoken():
        for query in ("", "&people=1e7&value=1e-5", "&people=1e9&claimed_fmr=1e-9&claim=90%25&core_hour_price=1"):
            text = http.get(f"/plan?lang={CODE}{query}").text
            assert 'lang="en"' not in text
            said = re.search(r'id="said"[^>]*>(.*?)</main>', text, re.DOTALL)
            assert said is not None
            words = unescape(re.sub(r"<code>.*?</code>|<[^>]*>", " ", said[1]))
            left = [word for word in re.findall(r"[^\W\d_]{3,}", words) if set(word) & set("aeiou")]
            assert left == []


@pytest.mark.parametrize(
    "typed", ["value=0,1%25", "not_enrolled=0,5", "people=1.000", "people=1,00", "people=1,0000", "people=1.000,5"]
)
def test_a_number_that_means_two_things_is_not_guessed(http: TestClient, typed: str) -> None:
    """A comma is a point to some, and a point a comma; a thousandfold gallery is another plan."""
    page(http, f"?{typed}", status=422)


@pytest.mark.parametrize("typed", ["1,000", "1_000", "1e3", "1000", "1.0e3"])
def test_thousands_may_be_set_apart(http: TestClient, typed: str) -> None:
    assert fact(page(http, f"?people={typed}"), "references compared with somebody who comes") == "1,000"


REFUSED: Final = {
    "invalid.number": {"days_kept": "x"},
    "invalid.whole": {"people": "1.5"},
    "invalid.aim": {"aim": "x"},
    "invalid.claimed": {"claimed_fnmr": "1%"},
    "invalid.claimed_fmr": {"claimed_fmr": "0"},
    "invalid.people": {"people": "0"},
    "invalid.references_each": {"references_each": "101"},
    "invalid.searches_a_day": {"searches_a_day": "1e13"},
    "invalid.shares": {"not_enrolled": "2"},
    "invalid.threshold": {"aim": "threshold", "value": "2"},
    "invalid.rate": {"aim": "fmr", "value": "0.5"},
    "invalid.machine": {"machine_cores": "0"},
    "invalid.hour": {"busiest_hour": "1%"},
    "invalid.days_kept": {"days_kept": "0"},
    "invalid.core_hour_price": {"core_hour_price": "-1"},
    "invalid.claim": {"claim": "101%"},
}


@pytest.mark.parametrize("name", [name for name in ENGLISH if name.startswith("invalid.")])
def test_what_is_wrong_is_said_in_german(http: TestClient, name: str) -> None:
    """Whoever adds a sentence adds what leads to it."""
    query = "?lang=de&" + urlencode(REFUSED[name])
    text, german = page(http, query, status=422), CATALOGUES["de"].texts[f"plan.says.{name}"]
    beginning, _, rest = german.partition("{")
    assert beginning in text
    assert 'lang="en"' not in text
    if "{field}" in german:
        (field, *_) = REFUSED[name]
        assert f"{CATALOGUES['de'].texts[f'plan.{field}']}: {rest.partition(': ')[2].partition('{')[0]}" in text
    assert "{" not in re.sub(r"<[^>]*>", "", text[text.index('id="said"') :])


def test_the_aim_and_the_end_of_its_range_are_named(http: TestClient) -> None:
    assert "FMR: über 0 und unter 0,5." in page(http, "?lang=de&aim=fmr&value=0.5", status=422)
    assert "Menschen: von 1 bis 10.000.000.000." in page(http, "?lang=de&people=0", status=422)
    assert "sagt nichts ohne „Behauptet: So oft irrt ein Vergleich“" in page(
        http, "?lang=de&claimed_fnmr=1%25", status=422
    )


def test_why_nothing_is_promised_is_said_in_german() -> None:
    known = calibration()
    (misses, *_) = known.misses
    short = replace(known, misses=(replace(misses, points=misses.points[:21]),))
    cases = {
        "reason.fmr": (Wanted(people=1_000_000), known, "einmal in 99.499.163 irren; die Kalibrierung von m kennt"),
        "reason.fpir": (Wanted(people=1, value=1e-3), calibration(people=2879), "mindestens 3.000 Menschen"),
        "reason.missed": (Wanted(people=1000, max_fnmr=0.01), known, "würden 3 % übersehen"),
        "reason.score": (Wanted(people=100, aim=Aim.THRESHOLD, value=0.99), known, "von 0,2 bis 0,5 bekannt"),
        "reason.misses": (Wanted(people=1000), short, "bis zu einer Schwelle von 0,35 bekannt"),
    }
    assert set(cases) == {name for name in ENGLISH if name.startswith("reason.")}
    say = {name: CATALOGUES["de"].texts[f"plan.says.{name}"] for name in ENGLISH}
    for name, (wanted, of, german) in cases.items():
        (reason,) = plan(wanted, of).reasons
        assert reason.name == name
        assert german in told(reason, say)
        assert told(reason, ENGLISH) == reason
