"""What a person is refused at their own pages they are told in words of theirs, never how an operator would mend it."""

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Final, get_type_hints

import pytest

from visavis.model import leaves_loaded
from visavis.model.errors import (
    ConsentRefused,
    FaceRefused,
    ImageRefused,
    IntegrityError,
    LivenessRefused,
    Refusal,
    SessionRefused,
)
from visavis.web.services import Services
from visavis.web.texts import OFFERED, Catalogue

DOORS: Final = ("consent", "device", "personal", "renewals", "sessions", "visits")
"""The modules of the doors that ``/consent``, ``/enrol``, ``/grant``, ``/me`` and ``/station`` call."""
EVERYWHERE: Final = {
    "body_too_large", "gallery_full", "identify_needs_fpir", "internal", "liveness_unavailable", "locked_out",
    "log_moved", "log_stopped", "log_unpublished", "model_changed", "not_ready", "rate_limited", "rate_not_known",
    "request_invalid", "request_replayed", "second_factor", "server_sealed", "signature_refused", "too_many_photos",
    "face_disabled", "too_many_tries", "unauthenticated", "visit_over", "dispute_unfit",
}  # fmt: skip
"""What is met behind those doors and not told where they begin."""
ELSEWHERE: Final = {"gallery_outside_key"}
"""Said to a key of an operator that calls at one of the modules."""
FOR_EVERYBODY: Final = {
    "blurred", "eyes_closed", "eyes_covered", "face_covered", "face_near_border", "face_unclear", "head_tilted",
    "mouth_open", "not_natural_colours", "photo_compressed", "too_bright", "too_dark", "turned_away", "uneven_light",
    "body_too_large", "consent_forged", "cut_by_border", "gallery_loading", "image_animated",
    "image_format_unsupported", "image_too_demanding", "image_too_large", "image_unreadable", "internal",
    "link_unknown", "locked_out", "log_unpublished", "no_face", "not_ready", "pairing_unknown",
    "photos_exchanged", "photos_missing", "photos_not_invited", "rate_limited", "renewal_no_later",
    "renewal_outdated", "renewal_too_early", "request_replayed", "second_factor", "server_sealed",
    "session_expired", "session_open", "session_too_soon", "session_unknown", "session_used", "several_faces",
    "signature_refused", "station_locked", "template_unusable", "too_many_pixels", "too_many_tries",
    "too_small", "unauthenticated", "visit_over",
    "attack_suspected", "capture_forged", "capture_late", "capture_malformed", "capture_retimed", "capture_spliced",
    "face_disabled",
    "challenge_drawn", "challenge_missing", "challenge_not_done", "challenge_unasked", "challenge_variant_refused",
    "face_changed", "face_flat", "face_lost", "frames_repeated", "frames_unlike_sensor",
}  # fmt: skip
"""What there is to do is the same for whoever reads it: no word in it is for operators alone."""
NO_DOOR: Final = {"visavis.model.archive", "visavis.model.audit", "visavis.model.witness"}
"""What somebody finds who checks an archive or a log on their own machine."""
LEAVES: Final = {leaf.code: leaf for leaf in leaves_loaded()}
CODES_BY_NAME: Final = {leaf.__name__: leaf.code for leaf in LEAVES.values()}
RAISES: Final = re.compile(r":raises ([\w, ]+):")
CALLS: Final = re.compile(r"flows\.(\w+)\.(\w+)\(")


def said_to_raise() -> Iterator[str]:
    """Codes that the flows behind the doors name in their own descriptions."""
    flows = get_type_hints(Services)
    for door in DOORS:
        source = inspect.getsource(importlib.import_module(f"visavis.web.routes.{door}"))
        for flow, method in CALLS.findall(source):
            described = getattr(getattr(flows[flow], method), "__doc__", None) or ""
            names = {name.strip() for told in RAISES.findall(described) for name in told.split(",")}
            yield from (CODES_BY_NAME[name] for name in names if name in CODES_BY_NAME)


def of_kinds() -> Iterator[str]:
    """Every code about a photo, a consent, a session, or stored data that does not check out."""
    kinds = (ConsentRefused, FaceRefused, ImageRefused, IntegrityError, LivenessRefused, SessionRefused)
    met = (code for code, leaf in LEAVES.items() if issubclass(leaf, kinds) and leaf.__module__ not in NO_DOOR)
    yield from met


MET: Final = sorted(({*said_to_raise(), *of_kinds()} | EVERYWHERE) - ELSEWHERE)


def words(language: Catalogue, code: str, part: str) -> str:
    """As ``browser/src/server/problem.ts`` finds them for a person."""
    return language.texts.get(f"person.{code}.{part}") or language.texts.get(f"problem.{code}.{part}", "")


def test_the_codes_of_the_doors_are_found() -> None:
    assert {"photos_exchanged", "renewal_too_early", "visit_key_refused", "pairing_unknown"} <= set(said_to_raise())
    assert set(EVERYWHERE) <= set(LEAVES)


@pytest.mark.parametrize("language", OFFERED, ids=lambda one: one.code)
@pytest.mark.parametrize("code", MET)
def test_each_has_words_for_the_person(code: str, language: Catalogue) -> None:
    for part in ("detail", "mend"):
        told = words(language, code, part)
        assert told, f"{language.code} has no words for a person who meets {code}: person.{code}.{part}"
        assert "visavis " not in told, "no command: a person runs nothing here"


def test_what_an_operator_would_do_is_told_to_no_person() -> None:
    """Whoever adds a refusal writes what a person does about it, or finds that everybody does the same."""
    assert sorted(code for code in MET if f"person.{code}.mend" not in OFFERED[0].texts) == sorted(FOR_EVERYBODY)


def test_words_for_a_person_are_of_a_refusal_that_there_is() -> None:
    named = {key.split(".")[1] for key in OFFERED[0].texts if key.startswith("person.")}
    assert sorted(named - set(LEAVES)) == []
    assert {code for code in named if not issubclass(LEAVES[code], Refusal | IntegrityError)} == set()
