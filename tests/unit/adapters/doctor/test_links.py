"""What links begin with."""

from pathlib import Path

import pytest
from support.installation import certify, finding, settings_of


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not an http"),
        ("faces.example", "not an http"),
        ("ftp://faces.example", "not an http"),
        ("https://", "not an http"),
        ("https://[1", "not an http"),
        ("https://faces.example:x", "not an http"),
        ("https://faces.example:70000", "not an http"),
        ("https://faces_.example", "not an http"),
        ("https://-faces.example", "not an http"),
        ("https://user:word@faces.example", "not an http"),
        ("https://faces.example/?a=b", "not an http"),
        ("https://faces.example/#a", "not an http"),
        (" https://faces.example", "not an http"),
        ("https://0.0.0.0", "lead nowhere"),
        ("https://[::]", "lead nowhere"),
        ("http://faces.example", "on their way"),
        ("http://192.168.1.5", "on their way"),
    ],
)
def test_links_that_lead_nowhere_or_in_the_clear_fail(folder: Path, url: str, words: str) -> None:
    check = finding(settings_of(folder, public_url=url), "links")
    assert (check.state, words in check.message) == ("fail", True)
    assert "VISAVIS_PUBLIC_URL" in check.mend
    assert "word" not in check.message


def test_http_links_to_a_server_that_speaks_tls_fail(folder: Path) -> None:
    settings = settings_of(folder, public_url="http://localhost:8642", **certify(folder))
    assert "https only" in finding(settings, "links").message


@pytest.mark.parametrize(
    "url",
    [
        None,
        "http://127.0.0.1:8642",
        "http://localhost:8642",
        "http://[::1]:8642",
        "https://faces.example",
        "https://faces.example:8443/door/",
        "https://192.168.1.5",
        "https://[2001:db8::1]:8443",
    ],
)
def test_links_that_people_can_open_are_ok(folder: Path, url: str | None) -> None:
    check = finding(settings_of(folder, public_url=url), "links")
    assert (check.state, check.mend) == ("ok", "")
