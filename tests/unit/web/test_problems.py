"""Every error in one shape, and nothing in it that should stay inside."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sim.faces import photo
from starlette.types import Message
from support.surface import operations
from support.world import World

from visavis.flows.enrol import Enrol
from visavis.model import leaves_loaded
from visavis.web.body import MAX_BODY, BoundedBody
from visavis.web.problems import STATUS, problem_response
from visavis.wire.shape import Problem

HEADERS = {
    "content-security-policy", "referrer-policy", "x-content-type-options", "cache-control", "permissions-policy",
    "request-id",
}  # fmt: skip


def checked(response: Any, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    problem = Problem.model_validate(response.json())
    assert (problem.status, problem.code, problem.type) == (status, code, f"/docs#{code}")
    assert problem.mend
    assert problem.request_id == response.headers["Request-Id"]
    assert set(response.headers) >= HEADERS
    found: dict[str, Any] = response.json()
    return found


def test_what_is_not_there(world: World) -> None:
    checked(world.http.get("/nothing"), 404, "not_found")
    checked(world.http.get("/static/nothing.js"), 404, "not_found")
    checked(world.http.get("/static/../pages/base.html"), 404, "not_found")
    checked(world.http.get("/static/%2e%2e/pages/base.html"), 404, "not_found")
    checked(world.api("GET", "/v1/purposes/pur_x"), 404, "not_found")
    checked(world.api("GET", "/v1/subjects/" + "x" * 5000), 404, "not_found")
    checked(world.api("GET", "/v1/subjects/%00"), 404, "not_found")


def test_methods_that_an_address_does_not_take(world: World) -> None:
    for method, path in (
        ("PUT", "/v1/purposes"),
        ("DELETE", "/v1/consent"),
        ("POST", "/healthz"),
        ("GET", "/v1/sessions"),
    ):
        checked(world.api(method, path), 405, "method_unfit")


@pytest.mark.parametrize(
    "body",
    [
        {"content": b""},
        {"content": b"{"},
        {"content": b"\xff\xfe"},
        {"content": b"[" * 50_000},
        {"json": []},
        {"json": {"name": 1}},
        {"content": b'{"name":"\\ud800","purpose_id":"x"}'},
        {"json": {"name": "g", "purpose_id": "PRIVATE"}},
        {"data": {"name": "g"}},
    ],
)
def test_requests_of_another_shape(world: World, body: dict[str, Any]) -> None:
    problem = checked(world.api("POST", "/v1/galleries", **body), 422, "request_invalid")
    assert "PRIVATE" not in problem["detail"]


def test_forms_of_another_shape(world: World) -> None:
    path = f"/v1/galleries/{world.gallery()}/enrolments"
    form = {"content-type": "multipart/form-data; boundary=x"}
    for content in (b"", b"--x\r\nnonsense", b"--x--\r\n", b"--y\r\n\r\n--y--"):
        checked(world.api("POST", path, content=content, headers=form), 422, "request_invalid")
    checked(
        world.api("POST", path, content=b"", headers={"content-type": "multipart/form-data"}), 422, "request_invalid"
    )
    checked(world.api("POST", path, json={"external_reference": "x"}), 422, "request_invalid")


def test_a_fault_of_ours_tells_its_kind_to_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = world.gallery()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SECRET of a person")

    monkeypatch.setattr(Enrol, "request", broken)
    problem = checked(world.enrol(gallery, "ann", photo("ann")), 500, "internal")
    assert "SECRET" not in str(problem)
    told = capsys.readouterr()
    assert "SECRET" not in told.out + told.err
    assert "RuntimeError" in told.out + told.err
    assert problem["request_id"] in told.out + told.err


def test_a_fault_is_not_raised_on_to_the_server_that_would_log_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``uvicorn`` writes the text and traceback of whatever an app raises."""
    monkeypatch.setattr(world.http._transport, "raise_server_exceptions", True, raising=False)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SECRET of a person")

    monkeypatch.setattr(Enrol, "request", broken)
    checked(world.enrol(world.gallery(), "ann", photo("ann")), 500, "internal")


def test_every_leaf_is_a_whole_problem() -> None:
    for leaf in leaves_loaded():
        response = problem_response(leaf("detail", retry_after_s=1.5), request_id="r")
        problem = Problem.model_validate_json(bytes(response.body))
        assert (problem.code, problem.mend, problem.detail) == (leaf.code, leaf.mend, "detail")
        assert response.status_code == (405 if leaf.code == "method_unfit" else STATUS[leaf.kind])
        assert response.headers["retry-after"] == "2"
        assert problem_response(leaf(), request_id="r").headers.get("retry-after") is None


def test_bodies_are_bounded_by_what_they_announce_and_by_what_they_are(world: World) -> None:
    for announced in (str(MAX_BODY + 1), "9" * 5000, "-1", "x"):
        response = world.http.post("/v1/purposes", content=b"", headers={"content-length": announced})
        checked(response, 413, "body_too_large")
    parts = (b"x" * (1024 * 1024) for _ in range(MAX_BODY // 1024 // 1024 + 2))
    checked(world.api("POST", "/v1/purposes", content=parts), 413, "body_too_large")


def test_half_a_request_is_none() -> None:
    """Whoever hangs up in the middle of a form must not have half of it carried out."""
    handled: list[object] = []

    async def app(*_: object) -> None:
        handled.append(1)

    async def half() -> None:
        messages: list[Message] = [
            {"type": "http.request", "body": b"--x\r\n", "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Message:
            return messages.pop(0)

        async def send(_: Message) -> None:
            handled.append(2)

        await BoundedBody(app, require_proof=handled.append)(
            {"type": "http", "headers": [], "state": {}}, receive, send
        )

    with ThreadPoolExecutor(1) as elsewhere:  # Playwright, once started, keeps an event loop in the main thread
        elsewhere.submit(lambda: asyncio.run(half())).result()
    assert handled == []


def test_uploads_never_touch_the_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile  # noqa: PLC0415 -- watched here only

    rolled = []
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", lambda _self: rolled.append(1))
    picture = b"SIM big 1 " + b"x" * (5 * 1024 * 1024)
    world.enrol(world.gallery(), "big", picture)
    assert picture in world.faces.seen
    assert rolled == []


def test_each_answer_has_its_own_identifier_and_strict_headers(world: World) -> None:
    seen = set()
    for path in ("/", "/consent", "/me", "/grant", "/docs", "/openapi.json", "/healthz", "/readyz", "/nothing"):
        response = world.http.get(path)
        assert set(response.headers) >= HEADERS, path
        seen.add(response.headers["Request-Id"])
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "http" not in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"
    assert len(seen) == 9


def test_the_document_is_openapi_3_1_and_tells_of_problems_in_one_shape(world: World) -> None:
    document = world.http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "HTTPValidationError" not in str(document)
    ref = "#/components/schemas/Problem"
    shape = set(document["components"]["schemas"]["Problem"]["properties"])
    assert shape == set(Problem.model_fields)
    for method, path, operation in operations(world):
        for status in ("default", "422"):
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": ref}}}, (method, path)


def test_a_server_that_has_not_loaded_is_not_ready(world: World) -> None:
    assert world.http.get("/readyz").status_code == 200
    world.app.state.loaded = None
    checked(world.http.get("/readyz"), 503, "not_ready")
    assert world.http.get("/healthz").json()["status"] == "ok"
