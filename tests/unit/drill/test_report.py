"""What a drill says of its attacks: the verdict, the exit and the page."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from visavis.drill.attack import BOTH, KEYFILE, Attack, Got, Result, Verdict, judge
from visavis.drill.report import page
from visavis.drill.run import ATTACKS, passed
from visavis.drill.scene import Scene

AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)


def nobody(_: Scene) -> Got:
    raise AssertionError


def attack(**changed: object) -> Attack:
    told = {"name": "stolen_disk", "title": "A <title>", "case": "a case", "had": "a disk", "act": nobody, **changed}
    return Attack(**told)  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(
    ("got", "succeeds_in", "verdict"),
    [
        (Got(()), frozenset(), Verdict.NOTHING),
        (Got((), ("a face",)), frozenset(), Verdict.BREACH),
        (Got((), ("a face",)), KEYFILE, Verdict.LOSS),
        (Got((), ("a face",)), BOTH, Verdict.LOSS),
        (Got(()), KEYFILE, Verdict.BLUNT),
        (Got((), ("a face",)), frozenset({"quorum"}), Verdict.BREACH),
        (Got((), blunt="it did not work"), frozenset(), Verdict.BLUNT),
        (Got((), not_tried="not here"), KEYFILE, Verdict.NOT_TRIED),
    ],
)
def test_what_was_got_is_judged_by_what_may_be_got(got: Got, succeeds_in: frozenset[str], verdict: Verdict) -> None:
    assert judge(attack(succeeds_in=succeeds_in), got, mode="keyfile") is verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_a_drill_passes_unless_somebody_got_something_or_it_proves_nothing(verdict: Verdict) -> None:
    fine = Result(attack(), Got(()), Verdict.NOTHING, 1)
    assert passed([fine, Result(attack(), Got(()), verdict, 1)]) is (verdict not in {Verdict.BREACH, Verdict.BLUNT})


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "style"}]


def test_the_page_has_every_attack_and_nothing_from_elsewhere() -> None:
    results = [Result(one, Got(("He tried.",), ("a <face>",)), Verdict.BREACH, 1) for one in ATTACKS]
    text = page(results, mode="quorum", at=AT)
    seen = _Seen()
    seen.feed(text)
    assert not seen.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert all(address.startswith("#") for address in seen.addresses)
    assert not re.search(r"url\(|@import|https?:|javascript:", text)
    assert all(f'id="{one.name}"' in text for one in ATTACKS)
    assert "a &lt;face&gt;" in text
    assert "2 March 2026" in text


def test_names_of_attacks_tell_them_apart() -> None:
    names = [one.name for one in ATTACKS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
