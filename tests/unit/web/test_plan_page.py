"""The planner's page, as somebody without a script sees it.

Its server has nothing but a calibration: there is nobody in it of whom the page could say anything.
"""

import re
from html import unescape
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi.testclient import TestClient
from support.planned import calibration

from visavis.web.app import create_app
from visavis.web.services import Services


@pytest.fixture
def http() -> TestClient:
    known = SimpleNamespace(calibration=calibration(), dimension=128)
    return TestClient(create_app(cast("Services", known)), raise_server_exceptions=False)


def page(http: TestClient, query: str = "") -> str:
    answer = http.get(f"/plan{query}")
    assert answer.status_code == 200, answer.text
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
    assert policies["/"] == policies["/me"] == policies["/unseal"]


def test_it_is_told_in_german_too(http: TestClient) -> None:
    text = page(http, "?lang=de&people=2000&references_each=3")
    assert fact(text, "Referenzen, mit denen verglichen wird, wer kommt") == "6.000"
    assert fact(text, "falsch Erkannte am Tag") == "nicht bekannt"
    assert "Nicht bekannt. Eine solche Galerie wird abgelehnt" in text
    assert "Was hilft: eine kleinere Galerie" in text
    assert ">1 Million</text>" in text
    assert ">0,1 %</text>" in text
    # Why, and what is wrong with what was typed, is in the words of the server.
    assert '<p lang="en">One comparison may err at most once in ' in text
    assert '<p lang="en">people: ' in http.get("/plan?lang=de&people=x").text
