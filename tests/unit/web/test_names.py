"""Names read as they are stored, and texts as they are signed."""

import pytest
from sim.faces import photo
from support.world import PURPOSE, World

TURNED = "Gym \u202emyG"
UNSEEN = ("zero\u200bwidth", "a\nline", "\u0007bell", "\ufeffmark", "\u2066isolated\u2069", TURNED)
HONEST = ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc", "\u05e9\u05dc\u05d5\u05dd\u200f", "Zo\u00eb \U0001f642")


def refused(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_with_what_nobody_sees_is_refused_with_what_to_do(world: World, name: str) -> None:
    purpose, gallery = world.purpose(), world.gallery()
    answers = [
        world.api("POST", "/v1/purposes", json={**PURPOSE, "name": name}),
        world.api("POST", "/v1/purposes", json={**PURPOSE, "controller": name}),
        world.api("POST", "/v1/galleries", json={"name": name, "purpose_id": purpose}),
        world.enrol(gallery, name, photo("ann")),
        world.api("POST", f"/v1/galleries/{gallery}/invitations", json={"external_reference": name}),
        world.api("POST", "/v1/api-keys", json={"name": name, "scopes": ["enrol"]}),
    ]
    assert [refused(answer) for answer in answers] == [(422, "request_invalid")] * len(answers)
    assert "leave it out" in answers[0].json()["detail"]


@pytest.mark.parametrize("name", HONEST)
def test_names_of_every_script_are_taken_as_they_are(world: World, name: str) -> None:
    made = world.made("/v1/galleries", {"name": f" {name} ", "purpose_id": world.purpose()})
    assert made["name"] == name


def test_no_text_reads_otherwise_than_it_is_signed(world: World) -> None:
    assert refused(world.api("POST", "/v1/purposes", json={**PURPOSE, "name": "x", "text": TURNED})) == (
        422,
        "request_invalid",
    )
    isolated = "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 is a greeting."
    assert world.api("POST", "/v1/purposes", json={**PURPOSE, "name": "y", "text": isolated}).status_code == 201


def test_no_other_site_has_a_hold_on_a_page_and_tls_stays(world: World) -> None:
    for path in ("/", "/me", "/station", "/console", "/v1/me", "/texts/de.json"):
        plain, safe = (world.http.get(f"{scheme}://127.0.0.1:8642{path}").headers for scheme in ("http", "https"))
        assert plain["cross-origin-opener-policy"] == plain["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" not in plain
        assert safe["strict-transport-security"].startswith("max-age=")
