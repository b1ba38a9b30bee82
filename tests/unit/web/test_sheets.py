"""Slips with links: what is on them, what is not, and that their codes say the link."""

import re
from datetime import UTC, datetime

import pytest
from support.pdf import code_of, drawn_codes, pages

from visavis.web.sheets import Asking, Slip, font_for, runs, sheets

UNTIL = datetime(2026, 12, 6, 7, 5, tzinfo=UTC)
ASKING = Asking("Acme", "privacy@acme.example", "Staff door")


def slip(number: int = 1, name: str = "staff 7", link: str = "https://faces.example/consent#" + "a" * 32) -> Slip:
    return Slip(number, name, link, UNTIL)


def text_of(page: str) -> str:
    """What is written in Latin letters."""
    return " ".join(re.findall(r"\((.*?)\) Tj", page))


def test_three_people_share_a_page_and_each_has_their_own_code() -> None:
    links = [f"https://faces.example/consent#{letter * 32}" for letter in "abcd"]
    drawn = pages(sheets([slip(n, f"staff {n}", link) for n, link in enumerate(links, 1)], asking=ASKING))
    assert [len(drawn_codes(page)) for page in drawn] == [3, 1]
    assert [code for page in drawn for code in drawn_codes(page)] == [code_of(link) for link in links]


def test_the_link_can_be_typed_too_unless_it_is_too_long() -> None:
    (page,) = pages(sheets([slip()], asking=ASKING))
    assert "".join(text_of(page).split()).count("a" * 32) == 1
    long = "https://faces.example/" + "x" * 300 + "#" + "b" * 32
    (page,) = pages(sheets([slip(link=long)], asking=ASKING))
    assert "bbbb" not in text_of(page)
    assert drawn_codes(page) == [code_of(long)]


def test_the_same_slips_are_the_same_bytes() -> None:
    assert sheets([slip()], asking=ASKING) == sheets([slip()], asking=ASKING)


def test_nobody_is_an_empty_sheet() -> None:
    assert sheets([], asking=ASKING).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("name", "font"),
    [
        ("staff 4711", "Vera"),
        ("Zo\u00eb \u0141ukasiewicz", "Vera"),
        ("\u5c71\u7530\u592a\u90ce", "STSong-Light"),
        ("\u3084\u307e\u3060", "HeiseiKakuGo-W5"),
        ("\uae40\ucca0\uc218", "HYGothic-Medium"),
        ("\u041e\u043b\u044c\u0433\u0430", None),
        ("\u0645\u0631\u064a\u0645", None),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", None),
        ("\U0001f600", None),
        ("a\u0007b", None),
        ("\u5c71\u0645", None),
    ],
)
def test_a_name_is_printed_in_a_font_that_has_its_letters_or_not_at_all(name: str, font: str | None) -> None:
    assert font_for(name) == font
    pdf = sheets([slip(4711, name)], asking=ASKING)
    assert font is None or f"/BaseFont /{font}".encode() in pdf or font == "Vera"
    (page,) = pages(pdf)
    assert ("number 4711" in text_of(page)) == (font is None)
    assert text_of(page).count("No. 4711") == 2, "the number is there in any case: a reader may lack the font"


def test_a_slip_says_whom_it_is_for_who_asks_for_what_and_until_when() -> None:
    (page,) = pages(sheets([slip(12)], asking=ASKING))
    for told in (
        "staff 7",
        "No. 12",
        "Acme",
        "Staff door",
        "privacy@acme.example",
        "2026-12-06 07:05 UTC",
        "fold",
        "cut",
    ):
        assert told in text_of(page), told


def test_who_asks_may_have_a_name_we_cannot_print() -> None:
    asking = Asking("\u041e\u041e\u041e", "\u043f\u043e\u0447\u0442\u0430", "\u0434\u0432\u0435\u0440\u044c")
    assert drawn_codes(pages(sheets([slip()], asking=asking))[0]) == [code_of(slip().link)]


def test_nothing_is_drawn_outside_its_own_slip() -> None:
    """A name as long as names may be, and a purpose that is: cut off, a slip shows nothing of the next one."""
    asking = Asking("W" * 200, "W" * 300, "W" * 200)
    (page,) = pages(
        sheets([slip(n, "W" * 200, "https://faces.example/" + "w" * 160) for n in (1, 2, 3)], asking=asking)
    )
    heights = sorted(float(y) for y in re.findall(r"1 0 0 1 [\d.]+ ([\d.]+) Tm", page))
    third = 297 / 25.4 * 72 / 3
    for bottom in (0.0, third, 2 * third):
        inside = [y for y in heights if bottom <= y < bottom + third]
        assert min(y - bottom for y in inside) >= 2, "nothing touches the line that is cut"
        assert max(y - bottom for y in inside) <= third - 20
    assert len(heights) > 60


def test_runs_are_where_ones_stand_side_by_side() -> None:
    assert list(runs(bytes([1, 1, 0, 1]))) == [(0, 2), (3, 1)]
    assert list(runs(bytes([0, 0]))) == []
    assert list(runs(bytes([1]))) == [(0, 1)]
