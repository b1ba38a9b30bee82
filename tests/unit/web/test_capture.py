"""What pages that guide people before the camera are given: a network, leave to run it, and files packed once."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.world import BASE, World

from visavis.adapters.cards import DEFAULT_DETECTOR, cards_folder, read_detector_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.dequantise import dequantise
from visavis.adapters.openvino.stages import open_face_finder
from visavis.web.frame import rules_of
from visavis.web.packed_files import PackedFiles

NETWORK = b"a network"
PLACE = f"/capture/face-finder/{hashlib.sha256(NETWORK).hexdigest()}.onnx"


def with_finder(world: World, network: bytes | None) -> TestClient:
    world.app.state.services = replace(world.services, face_finder=network)
    return TestClient(world.app, base_url=BASE, follow_redirects=False)


def test_the_face_finder_is_at_an_address_that_names_it(world: World) -> None:
    http = with_finder(world, NETWORK)
    found = http.get("/capture/face-finder")
    assert (found.status_code, found.headers["location"]) == (307, PLACE)
    assert found.headers["cache-control"] == "no-cache"
    network = http.get(PLACE)
    assert (network.status_code, network.content) == (200, NETWORK)
    assert network.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_another_digest_has_no_network(world: World) -> None:
    answer = with_finder(world, NETWORK).get(f"/capture/face-finder/{'0' * 64}.onnx")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/capture/face-finder", PLACE])
def test_a_server_without_the_weights_says_so(world: World, path: str) -> None:
    answer = with_finder(world, None).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_network_is_the_one_of_the_checked_store(weights: Path) -> None:
    card = read_detector_card(cards_folder() / DEFAULT_DETECTOR)
    assert open_face_finder(ModelStore(weights)) == dequantise((weights / card.file).read_bytes())


def test_only_guidance_misses_weights_that_are_not_installed(tmp_path: Path) -> None:
    assert open_face_finder(ModelStore(tmp_path)) is None


def test_only_pages_with_guidance_run_webassembly_and_only_pages_with_a_camera_may_ask_for_it() -> None:
    wasm = {path for path in PAGES if "'wasm-unsafe-eval'" in rules_of(path)["Content-Security-Policy"]}
    camera = {path for path in PAGES if "camera=(self)" in rules_of(path)["Permissions-Policy"]}
    assert wasm == {"/enrol", "/me", "/station"}
    assert camera == {"/enrol", "/me", "/station"}
    assert all("camera=(" in rules_of(path)["Permissions-Policy"] for path in PAGES)
    assert not any("'unsafe-eval'" in rules_of(path)["Content-Security-Policy"] for path in PAGES)


PAGES = (
    "/",
    "/consent",
    "/console",
    "/docs",
    "/enrol",
    "/grant",
    "/me",
    "/plan",
    "/station",
    "/unseal",
    "/v1/purposes",
)


@pytest.fixture
def files(tmp_path: Path) -> TestClient:
    (tmp_path / "vendor").mkdir()
    for name in ("own.js", "vendor/run-abc.wasm"):
        (tmp_path / name).write_bytes(b"plain")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"plain", mtime=0))
    (tmp_path / "lone.css").write_bytes(b"lone")
    app = FastAPI()
    app.mount("/static", PackedFiles(directory=tmp_path))
    return TestClient(app)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("*", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000", None),
        ("identity", None),
        ("br", None),
        ("", None),
    ],
)
def test_a_file_is_packed_for_whoever_takes_that(files: TestClient, accepted: str, coding: str | None) -> None:
    answer = files.get("/static/vendor/run-abc.wasm", headers={"Accept-Encoding": accepted})
    assert answer.content == b"plain"
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"] == "application/wasm"
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_file_that_was_not_packed_is_sent_as_it_is(files: TestClient) -> None:
    answer = files.get("/static/lone.css", headers={"Accept-Encoding": "gzip"})
    assert (answer.content, answer.headers.get("content-encoding")) == (b"lone", None)


def test_what_has_its_digest_in_its_name_is_kept_and_all_else_asked_for(files: TestClient) -> None:
    vendor, own = (files.get(f"/static/{name}") for name in ("vendor/run-abc.wasm", "own.js"))
    assert vendor.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert own.headers["cache-control"] == "no-cache"
    same = files.get("/static/own.js", headers={"If-None-Match": own.headers["etag"]})
    assert (same.status_code, same.headers["cache-control"]) == (304, "no-cache")


def test_packed_and_plain_are_not_taken_for_one_another(files: TestClient) -> None:
    packed = files.get("/static/own.js", headers={"Accept-Encoding": "gzip"})
    plain = files.get("/static/own.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["etag"] != plain.headers["etag"]
