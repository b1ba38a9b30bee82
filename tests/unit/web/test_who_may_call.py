"""Every door and its key: the list is taken from the app, so that a new door cannot be forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.faces import photo
from support.surface import operations, routes
from support.world import World

from visavis.web.rates import Rates

OPEN = {"/healthz", "/readyz", "/.well-known/jwks.json", "/v1/console/ways"}
LOG = {"/log/checkpoint", "/log/key", "/log/tile/{path}"}
"""What everybody may check."""
PAIRING = "/v1/pairing"
"""A one-time code is the only proof."""
CONSOLE = {"/v1/console/login", "/v1/console/logout", "/v1/console/me", "/v1/console/password"}
"""A browser's cookie, or what a person knows and has: ``test_console.py``."""
SETUP = {"/v1/console/set-up", "/v1/console/set-up/confirmation"}
LINKS = {
    "/v1/consent", "/v1/consent/photos", "/v1/consent/countersignature", "/v1/consent/refusal", "/v1/grant",
    "/v1/visits",
}  # fmt: skip
PEOPLE = {
    "/v1/me", "/v1/me/archive", "/v1/me/log", "/v1/me/log/{after}", "/v1/me/withdrawal",
    "/v1/personal-sessions/opening",
    "/v1/personal-sessions/{session_id}/challenge", "/v1/personal-sessions/{session_id}/verify", "/v1/visits/end",
    "/v1/me/receipts/{receipt_id}/renewal",
}  # fmt: skip
CUSTODIANS = {"/v1/unseal", "/v1/rehearsals", "/v1/rehearsals/answers"}
"""Their share is their only proof; the root key of this server lies in a file."""
NOT_ME = "/v1/decisions/{decision_id}/not-me"
ID = "a" * 26


def kind_of(path: str) -> str:
    for kind, paths in (("open", OPEN), ("log", LOG), ("link", LINKS), ("person", PEOPLE), ("custodian", CUSTODIANS),
        ("console", CONSOLE), ("set-up", SETUP),
    ):  # fmt: skip
        if path in paths:
            return kind
    if path == PAIRING:
        return "code"
    return "station" if path.startswith("/v1/sessions") or path in {NOT_ME, "/v1/station"} else "key"


SEEN = {
    "GET /v1/galleries", "GET /v1/galleries/{gallery_id}", "GET /v1/stations", "GET /v1/stations/{station_id}",
}  # fmt: skip
WAITING = {"GET /v1/exports", "GET /v1/exports/{export_id}", "POST /v1/exports/{export_id}/approvals"}
SCOPES = {
    "admin": {
        "POST /v1/purposes", "GET /v1/purposes", "GET /v1/purposes/{purpose_id}",
        "POST /v1/purposes/{purpose_id}/texts", "POST /v1/purposes/{purpose_id}/end", "POST /v1/galleries",
        "POST /v1/stations", "POST /v1/stations/{station_id}/pairing", "PUT /v1/stations/{station_id}/key",
        "PUT /v1/stations/{station_id}/attestation",
        "DELETE /v1/stations/{station_id}", "POST /v1/api-keys",
        "GET /v1/api-keys", "DELETE /v1/api-keys/{key_id}", "GET /v1/accounts", "POST /v1/accounts",
        "POST /v1/accounts/{account_id}/reset", "PUT /v1/accounts/{account_id}/roles",
        "DELETE /v1/accounts/{account_id}",
        "GET /v1/readings", "GET /v1/erasures/{subject_id}", "GET /v1/keys", "POST /v1/keys/root/rotation",
        "POST /v1/keys/epoch/rotation", "POST /v1/galleries/{gallery_id}/key/rotation",
        "POST /v1/galleries/{gallery_id}/own-rates",
        "POST /v1/subjects/{subject_id}/key/rotation", *SEEN,
    },
    "enrol": {
        "POST /v1/galleries/{gallery_id}/enrolments", "POST /v1/galleries/{gallery_id}/invitations",
        "POST /v1/galleries/{gallery_id}/without-face",
        "POST /v1/galleries/{gallery_id}/imports", "GET /v1/imports/{import_id}",
        "POST /v1/imports/{import_id}/missing", "POST /v1/imports/{import_id}/entries",
        "GET /v1/imports/{import_id}/refusals", "GET /v1/imports/{import_id}/links",
        "POST /v1/imports/{import_id}/bundle",
    },
    "operate": {
        "GET /v1/galleries/{gallery_id}/subjects", "POST /v1/galleries/{gallery_id}/subjects/lookup",
        "GET /v1/subjects/{subject_id}", "POST /v1/subjects/{subject_id}/archive",
        "POST /v1/subjects/{subject_id}/withdrawal", "POST /v1/subjects/{subject_id}/credentials",
        "POST /v1/stations/{station_id}/reopening", "GET /v1/reviews",
        "GET /v1/galleries/{gallery_id}/look-alikes", "POST /v1/galleries/{gallery_id}/look-alikes",
        "DELETE /v1/look-alikes/{look_alike_id}",
        "POST /v1/reviews/{review_id}/resolution", "GET /v1/decisions", "POST /v1/personal-sessions",
        "GET /v1/personal-sessions/{session_id}", *SEEN,
    },
    "export": {
        "POST /v1/exports", "POST /v1/exports/{export_id}/bundle", *WAITING,
    },
    "seal": {"POST /v1/seal"},
    "backup": {"POST /v1/backups"},
    "metrics": {"GET /metrics"},
    "audit": {"GET /v1/purposes", "GET /v1/purposes/{purpose_id}", "GET /v1/readings", "GET /v1/keys", *SEEN},
    "approve": WAITING,
}  # fmt: skip

ITSELF = "POST /v1/api-keys/{key_id}/rotation"
"""Where a key may do to itself what it needs a scope for to do to others."""

BODIES: dict[str, dict[str, Any]] = {
    "/v1/consent/photos": {"files": {"photos": b"x"}},
    "/v1/consent/countersignature": {"json": {"countersignature": "x"}},
    "/v1/grant": {"json": {"grant": "x"}},
    "/v1/unseal": {"json": {"words": "x"}},
    "/v1/rehearsals/answers": {"json": {"challenge": "x", "number": 1, "answer": "A" * 86}},
    "/v1/sessions": {"json": {"kind": "identify"}},
    "/v1/sessions/{session_id}/challenge": {"json": {}},
    "/v1/personal-sessions/{session_id}/challenge": {"json": {}},
    "/v1/sessions/{session_id}/identify": {"files": {"photo": b"x"}},
    "/v1/sessions/{session_id}/verify": {"files": {"photo": b"x"}, "data": {"external_reference": "x"}},
    "/v1/sessions/{session_id}/document-check": {"files": {"portrait": b"x", "document": b"x"}},
    "/v1/sessions/{session_id}/pin": {"json": {"external_reference": "x", "pin": "000000"}},
    "/v1/sessions/{session_id}/qr": {"json": {"qr": "x"}},
    "/v1/sessions/{session_id}/own-data": {
        "files": {"photo": b"x"}, "data": {"external_reference": "x", "pin": "000000"},
    },
    "/v1/me/receipts/{receipt_id}/renewal": {"json": {"offer": "x", "countersignature": "x"}},
    "/v1/visits": {"json": {"public_key": "A" * 43}},
    "/v1/personal-sessions": {"json": {"subject_id": f"sub_{ID}", "attended": True}},
    "/v1/personal-sessions/opening": {"json": {"link_secret": "x" * 32}},
    "/v1/personal-sessions/{session_id}/verify": {"files": {"photo": b"x"}},
    "/v1/galleries/{gallery_id}/enrolments": {"files": {"photos": b"x"}, "data": {"external_reference": "x"}},
    "/v1/galleries/{gallery_id}/invitations": {"json": {"external_reference": "x"}},
    "/v1/galleries/{gallery_id}/without-face": {"json": {"external_reference": "x"}},
    "/v1/galleries/{gallery_id}/look-alikes": {"json": {"subject_id": f"sub_{ID}"}},
    "/v1/galleries/{gallery_id}/subjects/lookup": {"json": {"external_reference": "x", "reason": "a test"}},
    "/v1/galleries/{gallery_id}/imports": {"json": {"name": "x"}},
    "/v1/imports/{import_id}/missing": {"json": {"digests": ["0" * 64]}},
    "/v1/imports/{import_id}/entries": {"files": {"photos": b"x"}, "data": {"external_reference": "x"}},
    "/v1/imports/{import_id}/bundle": {"json": {"controller_key": "A" * 43, "header": "{}", "people": ["{}"]}},
    "/v1/exports": {"json": {"gallery_id": f"gal_{ID}", "recipient": f"age1{'q' * 58}", "reason": "a test"}},
    "/v1/exports/{export_id}/approvals": {"json": {"key": "A" * 43, "signature": "A" * 86}},
    "/v1/readings": {"params": {"gallery_id": f"gal_{ID}"}},
    "/v1/accounts": {"json": {"name": "x", "roles": ["operator"]}},
    "/v1/accounts/{account_id}/roles": {"json": {"roles": ["operator"]}},
    "/v1/console/login": {"json": {"name": "x", "password": "x", "code": "000000"}},
    "/v1/console/password": {"json": {"password": "x", "code": "000000", "new_password": "x"}},
    "/v1/console/set-up": {"json": {"password": "x"}},
    "/v1/console/set-up/confirmation": {"json": {"code": "000000"}},
    "/v1/pairing": {"json": {"code": "0000-0000", "public_key": "A" * 43}},
    "/v1/stations/{station_id}/key": {"json": {"public_key": "A" * 43}},
    "/v1/stations/{station_id}/attestation": {"json": {"chain": "none"}},
    "/v1/decisions": {"params": {"gallery_id": f"gal_{ID}"}},
    "/v1/reviews/{review_id}/resolution": {"json": {"resolution": "noted"}},
    "/v1/purposes/{purpose_id}/texts": {"json": {"text": "x"}},
    "/v1/purposes/{purpose_id}/end": {"json": {}},
    "/v1/api-keys": {"json": {"name": "x", "scopes": ["admin"]}},
    "/v1/galleries": {"json": {"name": "x", "purpose_id": f"pur_{ID}"}},
    "/v1/stations": {"json": {"name": "x", "public_key": "A" * 43, "attended": True}},
    "/v1/purposes": {
        "json": {
            "name": "x", "controller": "x", "contact": "x", "jurisdiction": "NL", "text": "x", "retention_days": 1,
            "target_kind": "fpir", "target": 0.01,
        }
    },
}  # fmt: skip


def doors(world: World) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, template of the path, and a request that has the documented shape."""
    for method, path, _ in operations(world):
        yield method, path, BODIES.get(path, {})


def at(path: str) -> str:
    for name, prefix in (
        ("purpose", "pur"), ("gallery", "gal"), ("station", "sta"), ("key", "key"), ("subject", "sub"),
        ("review", "rev"), ("session", "ses"), ("import", "imp"), ("export", "exp"),
        ("look_alike", "alk"), ("decision", "dec"), ("account", "acc"), ("receipt", "rec"),
    ):  # fmt: skip
        path = path.replace(f"{{{name}_id}}", f"{prefix}_{ID}")
    path = path.replace("{path}", "0/000").replace("{after}", "0")
    assert "{" not in path
    return path


def sent(world: World, method: str, path: str, body: dict[str, Any], **headers: str) -> tuple[int, str]:
    kept = {name: value for name, value in body.items() if method != "GET" or name == "params"}
    response = world.http.request(method, at(path), headers=headers, **kept)
    return response.status_code, "" if response.is_success else response.json()["code"]


def test_every_documented_door_has_a_sort_and_every_sort_its_doors(world: World) -> None:
    documented = {(method, path) for method, path, _ in operations(world)}
    assert documented == {(method, path) for method, path, shown in routes(world) if shown and path != "/openapi.json"}
    paths = {path for _, path in documented}
    sorts = {path: kind_of(path) for path in paths}
    keyed = {f"{method} {path}" for method, path in documented if sorts[path] == "key"}
    assert keyed == set().union(*SCOPES.values()) | {ITSELF}
    assert paths >= OPEN | LOG | LINKS | PEOPLE | CUSTODIANS


def test_pages_are_the_only_doors_that_are_not_documented(world: World) -> None:
    hidden = {path for _, path, _ in routes(world)} - {path for _, path, _ in operations(world)}
    hidden -= {"/capture/face-finder", "/capture/face-finder/{digest}.onnx"}  # the network that guides, for pages
    assert hidden == {
        "/openapi.json",
        "/static",
        "/texts/{code}.json",
        "/console/oidc",
        "/console/oidc/back",
        "/",
        "/consent",
        "/enrol",
        "/me",
        "/grant",
        "/unseal",
        "/docs",
        "/plan",
        "/station",
        "/console",
    }


def test_no_door_opens_without_a_credential(world: World) -> None:
    expected = {
        "open": (200, ""),
        "key": (401, "unauthenticated"),
        "station": (401, "signature_refused"),
        "person": (401, "signature_refused"),
        "link": (404, "link_unknown"),
        "set-up": (404, "setup_unknown"),
        "code": (401, "pairing_unknown"),
    }
    for method, path, body in doors(world):
        answer = sent(world, method, path, body)
        if kind_of(path) == "log":
            assert answer in {(200, ""), (404, "not_found")}, path
        elif kind_of(path) == "custodian":
            refused = {(409, "not_sealed"), (404, "custodian_unknown"), (403, "rehearsal_failed")}
            assert answer in ({(200, "")} if method == "GET" else refused), path
        elif kind_of(path) == "console":
            assert answer == ((401, "login_over") if method == "GET" else (403, "cross_site")), path
        else:
            assert answer == expected[kind_of(path)], (method, path)


@pytest.mark.parametrize(
    "presented",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer vv1..",
        "Bearer vv1.key_x.y",
        "Basic eDp5",
        "vv1.a.b",
        "Bearer vv1.\0.\0",
    ],
)
def test_no_door_opens_to_a_key_that_is_none(world: World, presented: str) -> None:
    for method, path, body in doors(world):
        if kind_of(path) == "key":
            response = sent(world, method, path, body, Authorization=presented)
            assert response == (401, "unauthenticated"), (method, path)


def test_each_scope_opens_its_own_doors_only(world: World) -> None:
    keys = {scope: world.made("/v1/api-keys", {"name": scope, "scopes": [scope]})["secret"] for scope in SCOPES}
    for method, path, body in doors(world):
        if kind_of(path) != "key":
            continue
        for scope, key in keys.items():
            status, code = sent(world, method, path, body, Authorization=f"Bearer {key}")
            door = f"{method} {path}"
            opened = door in SCOPES[scope] or (door == ITSELF and scope == "admin")
            assert (code == "scope_missing") == (not opened), (method, path, scope)
            assert status != 401


def test_a_key_opens_no_door_of_stations_people_or_links(world: World) -> None:
    for method, path, body in doors(world):
        if kind_of(path) in {"station", "person", "link"}:
            status, _ = sent(world, method, path, body, Authorization=f"Bearer {world.secret}")
            assert status in {401, 404}, (method, path)


def test_stations_and_people_sign_for_their_own_doors_only(world: World) -> None:
    gallery = world.gallery()
    ann, station = world.active(gallery, "ann", photo("ann")), world.station(gallery)
    stranger = Ed25519PrivateKey.generate()
    for method, path, body in doors(world):
        kind = kind_of(path)
        kept = {name: value for name, value in body.items() if method != "GET"}
        if kind == "station":
            responses = [world.as_person(ann, method, at(path), **kept)]
            responses += [world.signed(station.id, stranger, method, at(path), **kept)]
        elif kind == "person":
            responses = [world.at(station, method, at(path), **kept)]
            responses += [world.signed(ann.subject_id, stranger, method, at(path), **kept)]
        else:
            continue
        assert [r.json()["code"] for r in responses] == ["signature_refused"] * 2, (method, path)
    assert world.state(ann.subject_id) == "ACTIVE"


def test_a_revoked_key_opens_nothing(world: World) -> None:
    made = world.made("/v1/api-keys", {"name": "x", "scopes": ["operate"]})
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert world.http.get("/v1/stations", headers=headers).status_code == 200
    assert world.api("DELETE", f"/v1/api-keys/{made['id']}").status_code == 204
    assert world.http.get("/v1/stations", headers=headers).status_code == 401


def test_a_keys_secret_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    secret = world.made("/v1/api-keys", {"name": "x", "scopes": ["operate"]})["secret"]
    assert all(item["secret"] is None for item in world.api("GET", "/v1/api-keys").json()["items"])
    assert secret.rpartition(".")[2].encode() not in world.files()


def test_who_calls_too_often_has_to_wait_and_nobody_else(world: World) -> None:
    other = world.made("/v1/api-keys", {"name": "x", "scopes": ["operate"]})["secret"]
    object.__setattr__(world.services, "rates", Rates(calls_per_minute=2, failures_per_minute=100))
    assert [world.api("GET", "/v1/reviews").status_code for _ in range(3)] == [200, 200, 429]
    assert world.http.get("/v1/stations", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_lists_come_in_pages(world: World) -> None:
    made = sorted(world.made("/v1/api-keys", {"name": f"k{n}", "scopes": ["operate"]})["id"] for n in range(5))
    found, after = [], ""
    for _ in range(10):
        page = world.api("GET", f"/v1/api-keys?limit=2{after}").json()
        assert 0 < len(page["items"]) <= 2
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == sorted(found)
    assert set(made) <= set(found)
    assert len(found) == 6
    assert world.api("GET", "/v1/api-keys?limit=6").json()["next"] is None
    assert world.api("GET", "/v1/api-keys?after=zzz").json() == {"items": [], "next": None}
    for limit in ("0", "201", "x", "-1", "1e3"):
        assert world.api("GET", f"/v1/api-keys?limit={limit}").status_code == 422
