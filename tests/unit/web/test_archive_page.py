"""The page in an archive: what it says of who agreed, and that it speaks the language of whoever asks."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.pseudo import pseudo
from support.told import Somebody, files_of, operators_archive, own_archive
from support.world import Person, World

from visavis.consent.sentences import ENGLISH, GERMAN
from visavis.flows.archive import LEFT_OUT_FOR_OPERATORS
from visavis.flows.kept import NOT_KEPT, PERSON, Kept
from visavis.model import leaves_loaded
from visavis.model.access import ReadingKind
from visavis.model.audit import LIFECYCLE
from visavis.model.bulk import EntryOutcome, PhotoLeftOut
from visavis.model.consent import EnrolmentState, SubjectState, TooManyPhotos
from visavis.model.decision import Means, Outcome, Resolution
from visavis.model.errors import FaceRefused, ImageRefused
from visavis.model.look_alike import SecondFactorAsked
from visavis.model.station import SessionKind, SessionState
from visavis.web.archive import page
from visavis.web.texts import CATALOGUES

TEXTS = {code: CATALOGUES[code].texts for code in ("en", "de")}
IN_GERMAN = {"Accept-Language": "de-AT, en;q=0.5"}
BLOCKS = {"title", "h1", "h2", "h3", "p", "dt", "dd", "li"}
OF_PEOPLE_WHO_AGREED = {SubjectState.ACTIVE, SubjectState.HELD, EnrolmentState.ACTIVE, EnrolmentState.HELD}


def page_of(world: World, *, headers: Mapping[str, str] | None = None, **form: str) -> str:
    """The page of somebody who was asked with ``form``, and agreed."""
    asked = world.api(
        "POST",
        f"/v1/galleries/{world.gallery()}/enrolments",
        data={"external_reference": "kim", **form},
        files=[("photos", ("1.jpg", photo("kim"), "image/jpeg"))],
    )
    key = OKPKey.generate_key("Ed25519")
    agreed = world.countersign(asked.json()["consent_link"].partition("#")[2], key).json()
    person = Person(agreed["subject_id"], "kim", key, "", "")
    answer = world.as_person(person, "GET", "/v1/me/archive", headers=dict(headers or {}))
    return files_of(answer)["about-you.html"].decode()


@pytest.fixture(scope="module")
def told(shared: World, ann: Somebody) -> dict[str, Any]:
    """Everything that can be told, by the person's own archive."""
    document: dict[str, Any] = json.loads(files_of(own_archive(shared, ann))["about-you.json"])
    return document


@pytest.fixture(scope="module")
def told_to_operators(shared: World, ann: Somebody) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files_of(operators_archive(shared, ann))["about-you.json"])
    return document


class _Read(HTMLParser):
    """What a page says, block by block, without what is no language's or another's than the page's."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = [""]
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "meta"}:
            return
        if self._silent or tag in {"style", "code"} or (tag != "html" and "lang" in dict(attrs)):
            self._silent.append(tag)
        elif tag in BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            assert self._silent.pop() == tag
        elif tag in BLOCKS:
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.blocks[-1] += data


def said(html: str) -> list[str]:
    read = _Read()
    read.feed(html)
    return [words for block in read.blocks if (words := " ".join(block.split()))]


def of_people(document: Mapping[str, Any]) -> Iterator[str]:
    """What stands in an archive in somebody's own words."""
    purpose = document["purpose"]
    yield from (purpose["name"], purpose["controller"], purpose["contact"], purpose["jurisdiction"])
    yield from (
        document["server"],
        f"{document['server']}/me",
        document["gallery"]["name"],
        document["subject"]["name"],
    )
    yield from document["stations"].values()
    yield from (one["name"] for one in document["imports"])
    yield from (one["model_id"] for one in document["templates"])
    for one in document["readings"]:
        yield from (one["key_name"], one["reason"])


def left_untranslated(html: str, document: Mapping[str, Any]) -> list[str]:
    """What a page in the language of brackets and accents says without them, but for what people wrote."""
    theirs, found = sorted(of_people(document), key=len, reverse=True), []
    for block in said(html):
        rest = block
        for words in theirs:
            rest = rest.replace(words, "")
        rest, before = re.sub(r"visavis me archive-check visavis-about-\w+\.zip --receipt", "", rest), ""
        if re.search("[aeiouAEIOU]", rest):
            found.append(block)
            continue
        while rest != before:
            before, rest = rest, re.sub("⟧[^⟧⟦]*⟦", "", rest)
        if re.search(r"\w", rest):
            found.append(block)
    return found


def test_s8_it_says_that_a_guardian_agreed_and_until_when(world: World) -> None:
    day = (world.clock.now() + timedelta(days=30)).date()
    told = page_of(world, guardian_until=day.isoformat())
    assert f"A guardian agreed for you. That ends on {day.day} {day:%B %Y}" in told


def test_s8_it_says_so_in_german(world: World) -> None:
    day = (world.clock.now() + timedelta(days=30)).date()
    german = page_of(world, headers=IN_GERMAN, guardian_until=day.isoformat())
    month = TEXTS["de"][f"language.month.{day.month}"]
    assert f"hat für Sie zugestimmt. Das endet am {day.day}. {month} {day.year}: Von da an" in german


def test_nobody_else_is_told_of_a_guardian(world: World) -> None:
    assert "uardian" not in page_of(world)
    assert "sorgeberechtigt" not in page_of(world, headers=IN_GERMAN)


def test_nothing_on_it_is_left_untranslated(told: dict[str, Any], told_to_operators: dict[str, Any]) -> None:
    strange = pseudo(TEXTS["en"])
    for document in (told, told_to_operators):
        html = page(document, strange)
        assert '<html lang="ar-x-rtl" dir="rtl">' in html
        assert len(said(html)) > 80
        assert left_untranslated(html, document) == []
    assert left_untranslated("<p>⟧Wórds⟦ · <b>⟧wíth 3⟦</b></p><p>⟧Dóór ⟧3⟦⟦</p>", told) == []
    assert left_untranslated("<p>⟧Wórds⟦ my <b>⟧wórds⟦</b></p><p>⟧Hé sáw: no_face⟦</p>", told) == [
        "⟧Wórds⟦ my ⟧wórds⟦",
        "⟧Hé sáw: no_face⟦",
    ]


def test_what_a_german_reads_is_german(told: dict[str, Any], told_to_operators: dict[str, Any]) -> None:
    for document in (told, told_to_operators):
        german = " ".join(said(page(document, CATALOGUES["de"])))
        for key, english in TEXTS["en"].items():
            if key.startswith(("about.", "kept.", "words.", "log.", "me.")) and english != TEXTS["de"][key]:
                whole = english.strip(".") if " " in english else None
                assert whole is None or whole not in german, key
    assert "Gesicht wurde verglichen, mit allen Aufgenommenen: Erkannt" in " ".join(said(page(told, CATALOGUES["de"])))


@pytest.mark.parametrize("one", PERSON, ids=lambda one: one.table)
def test_what_is_kept_is_told_in_both_languages(one: Kept) -> None:
    """Whoever adds a table, or another reason to keep it, says so in German as well."""
    words = {"what": one.what, "why": one.why, "until": one.until}
    words |= {} if one.withheld is None else {"withheld": one.withheld}
    assert {name: TEXTS["en"].get(f"kept.{one.table}.{name}") for name in words} == words
    for name in words:
        assert TEXTS["de"].get(f"kept.{one.table}.{name}"), name


def test_nothing_is_told_of_what_is_not_kept_any_more() -> None:
    told = {key.split(".")[1] for key in TEXTS["en"] if key.startswith("kept.")}
    assert told == {one.table for one in PERSON} | {"not"}
    prefix = "kept.not."
    assert {key.removeprefix(prefix): text for key, text in TEXTS["en"].items() if key.startswith(prefix)} == NOT_KEPT


def test_what_is_left_out_has_the_same_reason_on_the_page_as_in_the_data(told_to_operators: dict[str, Any]) -> None:
    english = " ".join(said(page(told_to_operators, CATALOGUES["en"])))
    for one in LEFT_OUT_FOR_OPERATORS:
        assert f"Not in this file: {one['what'][0].lower()}{one['what'][1:]}. {one['why']}" in english


def test_every_state_kind_and_reason_has_words() -> None:
    """What has none is shown as the code that programs read."""
    refused = [one.code for one in leaves_loaded() if issubclass(one, ImageRefused | FaceRefused)]
    reasons = [*refused, PhotoLeftOut.code, TooManyPhotos.code, SecondFactorAsked.code, "look_alike"]
    lists = {ReadingKind.SUBJECTS, ReadingKind.REVIEWS, ReadingKind.LOOK_ALIKES, ReadingKind.READINGS}
    kinds = [one.value for one in SessionKind if one is not SessionKind.DOCUMENT_CHECK]  # those are about nobody here
    wanted = {
        *(f"words.reason.{code}" for code in reasons),
        *(f"words.state.{one.value}" for one in SubjectState if one not in OF_PEOPLE_WHO_AGREED),
        *(f"about.enrolled.{one.value}" for one in EnrolmentState if one not in OF_PEOPLE_WHO_AGREED),
        *("words.state.CONSENTED", "about.enrolled.CONSENTED"),
        *(f"about.many.{one.value}" for one in EntryOutcome),
        *(f"about.session.{one.value}" for one in SessionState),
        *(f"words.outcome.{one.value}" for one in Outcome),
        *(f"words.reading.{one.value}" for one in set(ReadingKind) - lists),
        *(f"log.read.{one.value}" for one in set(ReadingKind) - lists),
        *(f"log.event.{one.value}" for one in (*LIFECYCLE, *Means)),
        *(f"log.kind.{kind}" for kind in kinds),
        *(f"log.resolution.{one.value}" for one in Resolution),
    }
    for texts in TEXTS.values():
        assert wanted - set(texts) == set()


def test_whoever_asks_says_in_which_language(shared: World, ann: Somebody) -> None:
    def asked(**headers: str) -> dict[str, bytes]:
        return files_of(shared.as_person(ann.person, "GET", "/v1/me/archive", headers=headers))

    english, german = asked(), asked(**IN_GERMAN)
    assert b'<html lang="en-GB" dir="ltr">' in english["about-you.html"]
    assert b'<html lang="de" dir="ltr">' in german["about-you.html"]
    assert b'<html lang="en-GB"' in asked(**{"Accept-Language": "fr, x y z"})["about-you.html"]
    assert b'<html lang="de"' in asked(Cookie="__Host-visavis-lang=de; visavis-lang=de")["about-you.html"]
    # What programs read is the same in any language.
    data, other = (json.loads(one["about-you.json"]) for one in (english, german))
    assert {**data, "made_at": None} == {**other, "made_at": None}
    path = f"/v1/subjects/{ann.person.subject_id}/archive"
    handed = files_of(shared.api("POST", path, headers=IN_GERMAN))
    assert b"Nicht in dieser Datei: die Zahlen Ihrer Merkmalss" in handed["about-you.html"]


def test_times_and_numbers_are_written_as_in_german(told: dict[str, Any]) -> None:
    agreed = next(one for one in told["receipts"] if one["countersignature"])
    changed = {
        **told,
        "made_at": "2027-03-04T05:06:07+00:00",
        "receipts": [{**agreed, "given_at": "2027-03-04T23:59:00+00:00", "expires_at": "2028-12-31T00:00:00+00:00"}],
        "purpose": {**told["purpose"], "target": 0.0005, "retention_days": 1},
    }
    german = " ".join(said(page(changed, CATALOGUES["de"])))
    assert "Stand: 4. März 2027, 05:06 Uhr (UTC)." in german
    assert "Sie haben am 4. März 2027 zugestimmt; das gilt bis zum 31. Dezember 2028" in german
    assert "wird höchstens 1 von 2.000 für jemanden von hier gehalten" in german
    assert "1 Tag für eine Einwilligung" in german
    english = " ".join(said(page(changed, CATALOGUES["en"])))
    assert "as it was on 4 March 2027, 05:06 UTC." in english


def test_what_was_signed_stays_as_it_was_signed(told: dict[str, Any]) -> None:
    german = page(told, CATALOGUES["de"])
    methods = re.findall(r'<span lang="([a-z]+)" dir="auto">(.*?)</span>', german)
    assert methods
    assert all(language == "en" and ENGLISH.template in words for language, words in methods)
    assert re.search(r'<div class="letter" lang="en" dir="auto">We open the door', german)
    agreed = next(one for one in told["receipts"] if one["record"])
    record = {**agreed["record"], "language": "de"}
    record["pii_processing"] = {
        **record["pii_processing"],
        "purposes": [{**record["pii_processing"]["purposes"][0], "processing_methods": GERMAN.methods}],
    }
    english = page({**told, "receipts": [{**agreed, "record": record}]}, CATALOGUES["en"])
    assert f'<span lang="de" dir="auto">{" ".join(GERMAN.methods)}</span>' in english


@pytest.mark.parametrize("code", ["en", "de"])
def test_nobody_elses_words_become_part_of_the_page(told: dict[str, Any], code: str) -> None:
    bad = "<i>x</i> {who} <b>"
    changed = json.loads(json.dumps(told))
    changed["purpose"] |= {"name": bad, "controller": bad, "contact": bad, "jurisdiction": bad}
    changed |= {"server": bad, "stations": dict.fromkeys(changed["stations"], bad)}
    changed["subject"]["name"] = changed["gallery"]["name"] = changed["log"]["key"] = bad
    for one in changed["readings"]:
        one |= {"key_name": bad, "reason": bad}
    for one in changed["imports"]:
        one |= {"name": bad, "refusals": [{"photo": bad, "code": bad}]}
    for one in changed["templates"]:
        one |= {"id": bad, "model_id": bad}
    for own in changed["log"]["entries"]:
        own["details"] |= {"by": bad, "reason": bad, "station_name": bad}
    for one in changed["decisions"]:
        one["reason"] = bad
    html = page(changed, CATALOGUES[code])
    assert "<i>" not in html
    assert html.count("&lt;i&gt;x&lt;/i&gt; {who} &lt;b&gt;") > 30


def test_a_reading_of_ones_own_and_one_that_was_changed_are_told_apart(told: dict[str, Any]) -> None:
    one = told["readings"][0]
    mine = {**one, "kind": "own", "key_name": "themselves", "reason": "Tür"}
    changed = {**one, "key_name": None, "reason": None}
    german = " ".join(said(page({**told, "readings": [mine, changed]}, CATALOGUES["de"])))
    assert re.search(r"Sie selbst, mit Gesicht und PIN · .*?geöffnet\. An Tür\.", german)
    assert re.search(r"Unbekannt · .*? Unbekannt: Dieser Vermerk wurde nachträglich geändert\.", german)
    assert "themselves" not in german
