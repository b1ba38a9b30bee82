"""The export bundle: every line is the controller's, of this bundle and in its place."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import rfc8785
from joserfc.jwk import OKPKey
from support.bundle_lines import (
    A_TICK,
    ANOTHER_BUNDLE,
    ANOTHER_FORM,
    BEHIND,
    BROKEN_OFF,
    GONE,
    GOOD,
    HEADER,
    HEADER_MEMBER,
    KINDS,
    LINES,
    MORE_OR_LESS,
    NO_COUNT,
    NO_OBJECT,
    NO_TEXT,
    NO_TIME,
    NOT_BASE64,
    NOT_JSON,
    NOW,
    ORDER,
    OTHER,
    TOLD,
    Refusal,
    changed,
    end_read,
    header_read,
    line_read,
    raw,
    refusal,
    signed_as,
    two_receipts,
    unlike,
    unsigned,
)
from support.bundles import CONTROLLER, text_of

from visavis.consent.bundle import (
    FORMAT,
    MAX_LINE,
    End,
    Header,
    Kind,
    Reading,
    write_line,
)
from visavis.consent.receipt import as_public_key
from visavis.model.export import BUNDLE_LIFE, CLOCKS_APART, BundleForged, BundleMalformed, BundleOver

# Bundles lie on disks for weeks: a change of a line is another format, unless it is what the receipts in it say.
FROZEN_END: Final = (
    b'{"end":{"left_out":0,"people":2,"references":2,"request_id":"exp_aaaqeayeaudaocajbifqydiob4",'
    b'"sha256":"eec604b39b3ef2df78437dc8ccb2c1cb9f2fda17cc9dc79c4e071c721e0ead6f"},'
    b'"signature":"tc0pkeUfMMPXbfayKYuVDLfGWlZnixLiItFm2mbm2K5vOrFK0RGE_3yHKidoGiAlDkssEfw5n4wq-FJqxHCtDA"}'
)
FROZEN_HEADER_SIGNATURE: Final = (
    "DMMru3pMDCGtOhRC0XJ_mESl1Zj_xetLB0O5DEGzaw9CtWVQLw_4KVY7CXGKZj3nzT99EAqyFZ11PPQ4IgLpDw"
)

# --- lines


def test_what_is_written_is_what_lies_on_disks() -> None:
    written = write_line("end", TOLD["end"], controller_key=CONTROLLER)
    assert written == FROZEN_END + b"\n"
    assert json.loads(LINES[0])["signature"] == FROZEN_HEADER_SIGNATURE
    assert [hashlib.sha256(line).hexdigest()[:8] for line in LINES] == ["bb994691", "a5c42636", "8cb9d039", "508b990b"]
    assert (FORMAT, MAX_LINE) == ("visavis-export-bundle-1", 2 * 1024 * 1024)
    assert (timedelta(days=28), timedelta(days=1)) == (BUNDLE_LIFE, CLOCKS_APART)


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_is_read_as_it_was_written_and_for_nothing_else(kind: Kind) -> None:
    line = GOOD.line(kind, TOLD[kind])
    assert line_read(line, kind) == TOLD[kind]
    assert write_line(kind, dict(reversed(TOLD[kind].items())), controller_key=CONTROLLER) == line + b"\n"
    for other in KINDS:
        if other != kind:
            assert refusal(line_read, line, other) == unlike(other)
            assert refusal(line_read, signed_as(other, kind, TOLD[kind]), kind) == unsigned(kind)
    assert refusal(lambda: line_read(line, kind, key=raw(OTHER))) == unsigned(kind)


def test_nobody_writes_lines_with_a_key_that_cannot_sign() -> None:
    with pytest.raises(TypeError, match=r"^the controller's key is an Ed25519 key$"):
        write_line("end", TOLD["end"], controller_key=as_public_key(raw(CONTROLLER)))
    with pytest.raises(TypeError, match=r"^the controller's key is an Ed25519 key$"):
        write_line("end", TOLD["end"], controller_key=OKPKey.generate_key("X25519"))


@pytest.mark.parametrize("line", [b"", b"{", b"text", b"\xff", b"[" * 20_000, b"[NaN]", b"[1e400]", b'["\\ud800"]'])
def test_what_is_no_json_is_no_line(line: bytes) -> None:
    assert refusal(lambda: line_read(line)) == NOT_JSON


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[]",
        b'"header"',
        b'["header","signature"]',
        b"{}",
        LINES[0] + b"\n",
        b" " + LINES[0],
        LINES[0].replace(b",", b", ", 1),
        LINES[0].replace(b"Acme", b"\\u0041cme", 1),
        LINES[0][:-1] + b',"signature":"AAAA"}',
        rfc8785.dumps({"header": TOLD["header"]}),
        rfc8785.dumps({"signature": "AAAA"}),
        rfc8785.dumps({**json.loads(LINES[0]), "more": 1}),
        rfc8785.dumps({**json.loads(LINES[0]), "end": {}}),
    ],
)
def test_what_is_json_of_another_form_is_no_line(line: bytes) -> None:
    assert refusal(lambda: line_read(line)) == unlike("header")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("told", NO_OBJECT[:-1])
def test_a_line_has_members(kind: Kind, told: object) -> None:
    assert refusal(lambda: line_read(signed_as(kind, kind, told), kind)) == (
        BundleMalformed, f"The {kind} has no members.",
    )  # fmt: skip


@pytest.mark.parametrize("signature", [None, 5, [], "é", "A", "AAAA=", "AA==", "AB", "A AA", "+/+/", "AA\n"])
def test_a_signature_is_base64_in_its_one_form(signature: Any) -> None:
    line = rfc8785.dumps({"header": TOLD["header"], "signature": signature})
    assert refusal(lambda: line_read(line)) == NOT_BASE64


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_another_signature_is_none(signature: bytes) -> None:
    line = rfc8785.dumps({"header": TOLD["header"], "signature": text_of(signature)})
    assert refusal(lambda: line_read(line)) == unsigned("header")


@pytest.mark.parametrize("key", [b"", raw(CONTROLLER)[:-1], raw(CONTROLLER) + b"\0", bytes(32), b"\1" + bytes(31)])
def test_a_key_under_which_anybody_could_sign_is_no_controllers(key: bytes) -> None:
    assert refusal(lambda: line_read(LINES[0], key=key)) == (BundleForged, "The controller's key is none.")


def test_every_letter_of_a_line_is_signed() -> None:
    for old, new in ((b"Acme", b"Acne"), (b'"dimension":4', b'"dimension":5'), (b'"target":0.01', b'"target":0.02')):
        assert refusal(line_read, LINES[0].replace(old, new)) == unsigned("header")


def test_the_longest_line_that_is_read_is_as_long_as_it_says() -> None:
    bare = len(signed_as("header", "header", {"text": ""}))
    told = {"text": "x" * (MAX_LINE - bare)}
    line = signed_as("header", "header", told)
    assert len(line) == MAX_LINE
    assert line_read(line) == told
    longer = signed_as("header", "header", {"text": told["text"] + "x"})
    assert refusal(lambda: line_read(longer)) == unlike("header")


# --- the header


@pytest.mark.usefixtures("in_tokyo")
def test_a_header_says_what_it_is_of() -> None:
    read = header_read(changed(TOLD["header"], ("made_at",), "2027-01-15T17:00:00+09:00"))
    assert replace(read, told=HEADER.told) == HEADER
    assert read.made_at.utcoffset() == timedelta(0)
    assert Header(
        request_id="exp_aaaqeayeaudaocajbifqydiob4",
        gallery_id="gal_aaaqeayeaudaocajbifqydiob4",
        purpose_id="pur_aaaqeayeaudaocajbifqydiob4",
        purpose=TOLD["header"]["purpose"],
        controller_key=raw(CONTROLLER),
        model_id="sface-2021dec",
        dimension=4,
        made_at=datetime(2027, 1, 15, 8, tzinfo=UTC),
        told=TOLD["header"],
    ) == HEADER  # fmt: skip


@pytest.mark.parametrize("name", sorted(TOLD["header"]))
def test_a_header_has_all_its_members_and_no_others(name: str) -> None:
    assert refusal(lambda: header_read(changed(TOLD["header"], (name,), GONE))) == ANOTHER_FORM
    renamed = {**changed(TOLD["header"], (name,), GONE), name.upper(): TOLD["header"][name]}
    assert refusal(lambda: header_read(renamed)) == ANOTHER_FORM
    assert refusal(lambda: header_read({**TOLD["header"], f"{name}_more": 1})) == ANOTHER_FORM


@pytest.mark.parametrize("form", ["visavis-export-bundle-2", "", None, 1, [FORMAT]])
def test_a_header_is_of_this_format(form: object) -> None:
    assert refusal(lambda: header_read({**TOLD["header"], "format": form})) == ANOTHER_FORM


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(((name,), value) for name in ("request", "gallery", "purpose") for value in NO_OBJECT),
        *(((name, "id"), value) for name in ("request", "gallery", "purpose") for value in (GONE, *NO_TEXT)),
        *((("request", name), value) for name in ("gallery_id", "purpose_id") for value in (GONE, *NO_TEXT)),
        *((("controller_key",), value) for value in NO_OBJECT),
        (("controller_key", "x"), GONE),
        *((("model_id",), value) for value in NO_TEXT),
        *((("dimension",), value) for value in NO_COUNT),
        *((("made_at",), value) for value in NO_TIME),
    ],
)
def test_a_member_of_a_header_is_of_its_form(path: tuple[str, ...], value: object) -> None:
    assert refusal(lambda: header_read(changed(TOLD["header"], path, value))) == HEADER_MEMBER


@pytest.mark.parametrize("x", [None, 5, "é", "A", f"{TOLD['header']['controller_key']['x']}="])
def test_the_key_in_a_header_is_base64_in_its_one_form(x: object) -> None:
    assert refusal(lambda: header_read(changed(TOLD["header"], ("controller_key", "x"), x))) == NOT_BASE64


def test_whoever_signs_a_header_names_themselves_in_it() -> None:
    other = (BundleForged, "The header names another controller than the one that signed it.")
    named = changed(TOLD["header"], ("controller_key", "x"), text_of(raw(OTHER)))
    assert refusal(lambda: header_read(named)) == other
    assert refusal(lambda: header_read(named, key=raw(OTHER))) == unsigned("header")
    assert refusal(lambda: header_read(TOLD["person"])) == ANOTHER_FORM


@pytest.mark.parametrize(
    "path", [("gallery", "id"), ("purpose", "id"), ("request", "gallery_id"), ("request", "purpose_id")]
)
def test_what_was_approved_is_what_is_in_it(path: tuple[str, str]) -> None:
    asked = (BundleMalformed, "The request was for another gallery or purpose.")
    assert refusal(lambda: header_read(changed(TOLD["header"], path, "gal_b"))) == asked


def test_a_bundle_serves_28_days_and_may_come_from_a_clock_a_day_ahead() -> None:
    for now in (NOW, NOW + BUNDLE_LIFE - A_TICK, NOW - CLOCKS_APART + A_TICK):
        assert header_read(TOLD["header"], now=now) == HEADER
    for now in (NOW + BUNDLE_LIFE, NOW + BUNDLE_LIFE + A_TICK, NOW - CLOCKS_APART, NOW - CLOCKS_APART - A_TICK):
        with pytest.raises(BundleOver):
            header_read(TOLD["header"], now=now)


# --- line by line


def reading(lines: list[bytes], *, key: bytes = raw(CONTROLLER)) -> Reading:
    read = Reading(key, NOW)
    for line in lines:
        read.take(line)
    return read


def ended(before: list[bytes], **said: Any) -> list[bytes]:
    """These lines and an end that fits them, but for what is said."""
    return [*before, GOOD.line("end", GOOD.end(before, **said))]


def test_a_bundle_is_read_line_by_line() -> None:
    read = Reading(raw(CONTROLLER), NOW)
    assert refusal(read.finish) == BROKEN_OFF
    assert read.take(LINES[0]) is None
    assert (read.header, read.end, read.people, read.references) == (HEADER, None, 0, 0)
    for number in (1, 2):
        person = read.take(LINES[number])
        assert person is not None
        assert (person.number, person.external_reference) == (number, f"staff {number}")
        assert (read.people, read.references, read.end) == (number, number, None)
        assert refusal(read.finish) == BROKEN_OFF
    assert read.take(LINES[3]) is None
    assert read.finish() == (HEADER, end_read(TOLD["end"]))
    for line in LINES:
        assert refusal(read.take, line) == BEHIND
    assert reading(LINES).finish() == read.finish(), "nothing is left from the reading before"


def test_a_bundle_of_nobody_is_whole_and_so_is_one_of_many_references() -> None:
    assert reading(ended(LINES[:1])).finish()[1].people == 0
    lines = [LINES[0], GOOD.line("person", two_receipts()), LINES[2]]
    assert reading(ended(lines, references=4, left_out=7)).finish()[1] == End(2, 4, 7, end_of(lines)["sha256"])


def end_of(lines: list[bytes]) -> dict[str, Any]:
    return GOOD.end(lines)


H, P1, P2, E = LINES
RESIGNED_HEADER: Final = GOOD.line("header", {**TOLD["header"], "approvals": [{}]})
RESIGNED_PERSON: Final = GOOD.line("person", {**TOLD["person"], "external_reference": "staff 7"})
ELSEWHERE: Final = replace(GOOD, request_id="exp_" + "b" * 26)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], BROKEN_OFF),
        ([H], BROKEN_OFF),
        ([H, P1, P2], BROKEN_OFF),
        ([P1, H, P2, E], unlike("header")),
        ([E], unlike("header")),
        ([H, H, P1, P2, E], unlike("person")),
        ([H, E], MORE_OR_LESS),
        ([H, P1, E], MORE_OR_LESS),
        ([H, P2, E], ORDER),
        ([H, P2, P1, E], ORDER),
        ([H, P1, P1, P2, E], ORDER),
        ([H, P1, GOOD.line("person", {**TOLD["person"], "number": 3}), E], ORDER),
        ([H, GOOD.line("person", {**TOLD["person"], "number": 0}), E], ORDER),
        ([H, P1, P2, E, E], BEHIND),
        ([H, P1, P2, E, b""], BEHIND),
        ([RESIGNED_HEADER, P1, P2, E], MORE_OR_LESS),
        ([H, RESIGNED_PERSON, P2, E], MORE_OR_LESS),
        (ended([H, P1, P2], people=1), MORE_OR_LESS),
        (ended([H, P1, P2], people=3), MORE_OR_LESS),
        (ended([H, P1, P2], references=1), MORE_OR_LESS),
        (ended([H, P1, P2], references=3), MORE_OR_LESS),
        (ended([H, P1, P2], sha256="0" * 64), MORE_OR_LESS),
        (ended([H, P1, P2], sha256=end_of([H, P1, P2])["sha256"].upper()), MORE_OR_LESS),
        ([H, ELSEWHERE.lines()[1], P2, E], ANOTHER_BUNDLE),
        ([H, P1, P2, ELSEWHERE.lines()[3]], (BundleForged, "The end is another bundle's.")),
        (replace(GOOD, key=OTHER).lines(), unsigned("header")),
        ([H, replace(GOOD, key=OTHER).lines()[1], P2, E], unsigned("person")),
        ([H, P1, P2, replace(GOOD, key=OTHER).lines()[3]], unsigned("end")),
        ([H, P1[:-1], P2, E], NOT_JSON),
        ([H, b"", P1, P2, E], NOT_JSON),
        ([H, P1, P2, E[:-2]], NOT_JSON),
    ],
)
def test_a_bundle_that_is_not_whole_and_in_order_is_refused(lines: list[bytes], why: Refusal) -> None:
    assert refusal(lambda: reading(lines).finish()) == why


def test_the_key_that_was_named_counts_and_not_the_one_in_the_bundle() -> None:
    other = replace(GOOD, key=OTHER)
    assert reading(other.lines(), key=raw(OTHER)).people == 2
    assert refusal(lambda: reading(other.lines())) == unsigned("header")


def test_a_reading_shows_no_template_and_nobodys_name() -> None:
    assert "staff" not in repr(reading(LINES))
