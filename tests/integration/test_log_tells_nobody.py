"""The log of a real server process, searched for everything that travelled and everything that is secret."""

import ast
import base64
import io
import json
import os
import re
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from PIL import Image
from sim.faces import BROKEN, CROWD, NOBODY, photo
from support.installation import certify, write_key
from support.live_server import live_server
from support.live_world import LiveWorld, live_world
from support.pages import ROOT
from support.travelled import encodings
from support.world import PURPOSE, public_text, settings_in

from visavis import __version__, bootstrap
from visavis.logs import FIELDS, METHODS
from visavis.model import leaves_loaded
from visavis.web.app import create_app

NAME = 'Zoë "Quill" O\'Grady-Łukasz <zoe@people.example>'
PLAIN = "quillworth"
PRIVATE = "Hjördis-Privatissima"
PHOTO = photo("quillworth-face")
PAGES = ("/", "/consent", "/me", "/grant", "/docs", "/static", "/openapi.json")
PROGRAM = (sys.executable, "-c", "from visavis.cli.main import main; main()")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> LiveWorld:
    """What is left of a server that saw a whole life: enrolled, agreed, recognised, refused, broken, withdrawn."""
    folder = tmp_path_factory.mktemp("life")
    with live_world(folder) as live:
        live_a_life(live)
        for secret in (None, PRIVATE):
            knock_at_every_door(live, secret)
        speak_badly(live)
    live.travelled.add(NAME, PLAIN, PRIVATE, PHOTO, BROKEN, live.secret)
    live.travelled.add((folder / "keys" / "root.key").read_text().strip())
    template = live.faces.extract(PHOTO).vector
    live.travelled.add(
        template.tobytes()[:24], *(f"{value:.6f}" for value in template[:8]), repr(template[:3].tolist())
    )
    return live


def live_a_life(world: LiveWorld) -> None:
    key = OKPKey.generate_key("Ed25519")
    world.travelled.add(str(key.as_dict(private=True)["d"]), str(key.as_dict(private=True)["x"]))
    gallery = world.gallery(contact=f"{PRIVATE}@people.example", controller=PRIVATE, text=f"{PRIVATE} decides.")
    station = world.station(gallery)
    world.travelled.add(station.key.private_bytes_raw(), public_text(station.key))
    ann = world.active(gallery, NAME, PHOTO)
    bea = world.active(gallery, PLAIN, photo("bea"), photo("bea", 2))
    world.travelled.add(ann.pin, ann.qr, bea.pin, bea.qr)
    assert world.identify(station, photo("quillworth-face", 2))["decision"] == "MATCH"
    assert world.identify(station, photo("stranger"))["decision"] == "NO_MATCH"
    for probe in (NOBODY, CROWD, BROKEN):
        assert world.identify(station, probe)["decision"] == "REFUSED"
    assert world.verify(station, PHOTO, NAME)["decision"] == "MATCH"
    assert world.pin(station, NAME, ann.pin)["decision"] == "MATCH"
    assert world.pin(station, NAME, "000000")["decision"] == "NO_MATCH"
    world.clock.move(seconds=3)
    session = world.session(station)
    world.at(station, "POST", f"/v1/sessions/{session}/qr", json={"qr": ann.qr})
    purpose = world.purpose(target_kind="fmr", target=0.001)
    world.document_check(world.station(purpose_id=purpose), PHOTO, photo("quillworth-face", 3))
    world.link("POST", "/v1/consent/refusal", world.pending(gallery, "declines", photo("cy")))
    world.api("POST", f"/v1/galleries/{gallery}/without-face", json={"external_reference": f"{PLAIN} two"})
    world.api("POST", f"/v1/galleries/{gallery}/subjects/lookup", json={"external_reference": NAME, "reason": PRIVATE})
    invited = world.api("POST", "/v1/personal-sessions", json={"subject_id": ann.subject_id, "attended": True}).json()
    opened = world.as_person(
        ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret_in(invited["link"])}
    )
    if opened.is_success:
        path = f"/v1/personal-sessions/{invited['session_id']}/verify"
        world.as_person(ann, "POST", path, files={"photo": PHOTO})
    world.as_person(ann, "GET", "/v1/me")
    world.api("POST", "/v1/api-keys", json={"name": PRIVATE, "scopes": ["operate"]})
    for path in ("/", "/consent", "/me", "/grant", "/docs", f"/consent?name={PLAIN}#{PLAIN}"):
        world.http.get(path)
    stranger = Ed25519PrivateKey.generate()
    world.signed(station.id, stranger, "POST", "/v1/sessions", json={"kind": "identify"})
    world.as_person(bea, "POST", "/v1/me/withdrawal")
    with world.breaking(f"{PRIVATE} broke"):
        broken = [
            world.enrol(gallery, f"{PLAIN} three", PHOTO),
            world.as_person(ann, "GET", "/v1/me"),
            world.api("POST", f"/v1/subjects/{ann.subject_id}/withdrawal"),
            world.link("POST", "/v1/consent/refusal", "no-such-link-secret"),
        ]
    assert 500 in {response.status_code for response in broken}
    world.travelled.add(f"{PRIVATE} broke")


def secret_in(link: str) -> str:
    return link.partition("#")[2]


def knock_at_every_door(world: LiveWorld, secret: str | None) -> None:
    """Every door with what does not belong there; with ``secret``, while every write breaks."""
    document = world.http.get("/openapi.json").json()
    said = f"{PLAIN}-{'broken' if secret else 'knocks'}"
    headers = {"User-Agent": f"agent-{said}", "X-Forwarded-For": "203.0.113.77", "Referer": f"https://{said}.example/"}
    headers |= {"Visavis-Link": f"link-{said}", "Idempotency-Key": f"once-{said}", "Cookie": f"name={said}"}
    # Behind that one the server ends; test_custodians.py knocks there.
    document["paths"].pop("/v1/seal")
    for path, methods in document["paths"].items():
        where = re.sub(r"{(\w+)}", f"{said}%20%C5%82", path)
        for method in (*methods, "patch"):
            if secret:
                with world.breaking(secret):
                    world.api(method.upper(), where, params={"after": said, said: said}, headers=headers)
                continue
            for body in ({"json": {"name": said, said: NAME}}, {"content": said.encode()}, {"files": {"photo": PHOTO}}):
                world.api(method.upper(), where, params={"after": said}, headers=headers, **body)
            world.http.request(method.upper(), where, params={"name": said}, headers=headers)
    for path in (f"/{said}", f"/static/{said}", f"/v1/{said}/%0d%0aSet-Cookie:%20{said}", f"/v1/subjects/{said}/"):
        world.http.get(path, headers=headers)


def speak_badly(world: LiveWorld) -> None:
    """What no client of ours would send."""
    words = "Smuggleton-Raw"
    world.travelled.add(words)
    port = int(world.url.rpartition(":")[2])
    for raw in (
        f"{words} / HTTP/1.1\r\n\r\n",
        f"GET /{words}\r\n\r\n",
        f"GET http://{words}.example/{words} HTTP/1.1\r\nHost: {words}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{words}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX: {words}\r\n {words}\r\n\r\n",
        f"POST /v1/purposes HTTP/1.1\r\nHost: x\r\nContent-Length: {words}\r\n\r\n",
        f"POST /v1/purposes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {words}\r\n\r\n{words}",
        f"POST /v1/purposes HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{words}",
        f"GET /%0a{words}%0d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {words}\r\n\r\n",
        f"GET /\x00{words} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/9.9\r\nHost: {words}\r\n\r\n",
        f"GET /v1/purposes HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: {words}\r\n\r\n",
        words * 10_000,
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(raw.encode("latin-1"))
            connection.settimeout(0.3)
            try:
                connection.recv(1000)
            except OSError:
                continue


def lines_of(world: LiveWorld) -> list[dict[str, Any]]:
    return [json.loads(line) for line in world.log().decode("utf-8").splitlines()]


@cache
def may_stand_there() -> bytes:
    """Words that the log is made of, and that a value which travelled may be a part of."""
    app = create_app(None)  # type: ignore[arg-type] # only asked for its routes
    words = [*app.openapi()["paths"], *PAGES, *FIELDS, *METHODS, *(leaf.code for leaf in leaves_loaded()), __version__]
    for path in (ROOT / "src" / "visavis").rglob("*.py"):
        words.append(f"visavis/{path.relative_to(ROOT / 'src' / 'visavis')}")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words += [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return "\n".join((*words, "api_key", "request", "library")).encode()


def test_nothing_that_travelled_is_in_the_log(world: LiveWorld) -> None:
    assert {200, 201, 202, 401, 404, 405, 422, 500} <= world.travelled.statuses
    assert len(world.travelled.values) > 500
    # What is ours by chance looks like what is theirs: a PIN is six digits.
    ours = {"time", "request_id", "duration_ms"}
    lines = [{name: value for name, value in line.items() if name not in ours} for line in lines_of(world)]
    log = "\n".join(
        {json.dumps(line, ensure_ascii=ascii_only) for line in lines for ascii_only in (True, False)}
    ).encode()
    assert world.travelled.found_in(log, known=may_stand_there()) == []


def test_the_search_finds_each_encoding(world: LiveWorld) -> None:
    """The same search, over logs that do tell."""
    for told in (
        NAME,
        json.dumps(NAME),
        NAME.encode().hex(),
        base64.b64encode(b"a photo of " + NAME.encode()).decode(),
        base64.urlsafe_b64encode(b"of " + PHOTO).decode(),
        f"/v1/subjects/{PLAIN}-knocks%20%C5%82",
        repr(NAME.encode()),
        f"agent-{PLAIN}-broken",
        "203.0.113.77",
        f"{PRIVATE} broke",
        world.secret,
    ):
        log = json.dumps([{"event": "request", "route": told}], ensure_ascii=False).encode()
        assert world.travelled.found_in(log, known=may_stand_there()), told


def test_every_line_has_known_fields_with_values_out_of_known_sets(world: LiveWorld) -> None:
    templates = {*create_app(None).openapi()["paths"], *PAGES}  # type: ignore[arg-type] # as above
    grammar = {
        "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00",
        "level": "debug|info|warning|error|critical",
        "event": "starting|ready|stopped|request|fault|integrity|purge_failed|library|uncaught",
        "request_id": "[0-9a-f]{16}",
        "method": "|".join([*METHODS, "other"]),
        "route": "|".join(map(re.escape, [*templates, "none"])),
        "status": r"[1-5]\d\d",
        "duration_ms": r"\d+\.\d",
        "code": "|".join(leaf.code for leaf in leaves_loaded()),
        "caller": "custodian|api_key|console|station|person|link|none",
        "error": r"[A-Z]\w+",
        "library": r"uvicorn\.(error|access)|somebody\.elses|sqlalchemy\.engine\.False|py\.warnings|asyncio",
        "place": r"[\w./<>-]+\.py:\d+",
        "port": r"\d+",
        "subjects": r"\d+",
        "left_out": r"\d+",
        "tls": "False",
        "version": re.escape(__version__),
    }
    for line in lines_of(world):
        for place in line.pop("trace", []):
            assert re.fullmatch(r"[A-Z]\w+|[\w./<>-]+:\d+ [\w<>' -]+", place), place
        strange = {name: value for name, value in line.items() if not re.fullmatch(grammar.get(name, "$."), str(value))}
        assert strange == {}


def test_each_request_is_told_once_under_the_identifier_of_its_answer(world: LiveWorld) -> None:
    told = [line["request_id"] for line in lines_of(world) if line["event"] == "request"]
    assert len(told) == len(set(told))
    assert set(world.travelled.request_ids) <= set(told)
    faults = {line["request_id"] for line in lines_of(world) if line["event"] == "fault"}
    assert faults == {line["request_id"] for line in lines_of(world) if line.get("status") == 500}
    assert faults


@pytest.mark.slow
def test_addresses_are_in_the_log_only_where_that_is_set(tmp_path: Path) -> None:
    with live_world(tmp_path, VISAVIS_LOG_ADDRESSES="true", VISAVIS_LOG_FORMAT="text") as world:
        world.http.get("/v1/purposes", headers={"X-Forwarded-For": "203.0.113.77"})
    log = world.log().decode()
    assert re.search(
        r"^\S+ info    request request_id=\w+ method=GET route=/v1/purposes .*address=127\.0\.0\.1$", log, re.MULTILINE
    )
    assert "203.0.113.77" not in log


@pytest.mark.slow
def test_photos_that_real_decoders_choke_on_leave_nothing_in_the_log(tmp_path: Path) -> None:
    """With the real networks and decoders, which have words of their own."""
    secret = b"Hjoerdis-Privatissima"
    picture = io.BytesIO()
    Image.effect_noise((320, 240), 90).convert("RGB").save(picture, "JPEG", comment=secret, exif=b"Exif\0\0" + secret)
    whole = picture.getvalue()
    photos = [
        whole,
        whole[:500] + secret,
        secret * 50,
        b"\xff\xd8" + secret,
        b"GIF89a" + secret,
        b"RIFF\0\0\0\0WEBP" + secret,
    ]
    photos += [b"\x89PNG\r\n\x1a\n" + secret * 9, b"\0\0\0\x18ftypheic" + secret * 9, b"MM\0*" + secret * 9]
    with live_server(tmp_path) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx2.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as client:
            purpose = client.post("/v1/purposes", json=PURPOSE).json()["id"]
            gallery = client.post("/v1/galleries", json={"name": "g", "purpose_id": purpose}).json()["id"]
            for number, content in enumerate(photos):
                answer = client.post(
                    f"/v1/galleries/{gallery}/enrolments",
                    data={"external_reference": f"{secret.decode()} {number}"},
                    files={"photos": (f"{secret.decode()}.jpg", content)},
                )
                assert answer.status_code == 422, answer.text
    log = (tmp_path / "log").read_bytes()
    assert log.count(b'"route":"/v1/galleries/{gallery_id}/enrolments"') == len(photos)
    assert [encoded for encoded in encodings(secret) if encoded in log] == []
    assert [line for line in log.splitlines() if not line.startswith(b"{")] == []


def spoil_key(folder: Path) -> dict[str, str]:
    (folder / "keys" / "root.key").write_text(PRIVATE)
    return {}


def spoil_tls(folder: Path) -> dict[str, str]:
    files = certify(folder, hosts=("127.0.0.1",))
    write_key(files["tls_key"], Ed25519PrivateKey.generate(), password=PRIVATE.encode())
    files["tls_key"].write_text(files["tls_key"].read_text() + PRIVATE)
    return {f"VISAVIS_{name.upper()}": str(path) for name, path in files.items()}


def settings_file(text: str) -> Any:
    def write(folder: Path) -> dict[str, str]:
        (folder / "visavis.toml").write_text(text, encoding="utf-8")
        (folder / "visavis.toml").chmod(0o600)
        return {"VISAVIS_CONFIG": str(folder / "visavis.toml")}

    return write


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (spoil_key, "key_file_missing"),
        (spoil_tls, "tls_unusable"),
        (settings_file(f'port = "{PRIVATE}"'), "settings_invalid"),
    ],
)
@pytest.mark.slow
def test_a_server_that_does_not_start_says_why_and_quotes_nothing(tmp_path: Path, spoil: Any, code: str) -> None:
    bootstrap.initialise(settings_in(tmp_path))
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
        "VISAVIS_CONFIG": os.devnull,
        "VISAVIS_DATA_DIR": str(tmp_path / "data"),
        "VISAVIS_KEY_FILE": str(tmp_path / "keys" / "root.key"),
        "VISAVIS_MODELS": str(tmp_path / "none"),
        "VISAVIS_LOG_LEVEL": "debug",
        "VISAVIS_DATADIR": PRIVATE,
        **spoil(tmp_path),
    }
    ran = subprocess.run([*PROGRAM, "serve"], env=given, capture_output=True, timeout=60, check=False)
    told = ran.stderr + ran.stdout
    assert ran.returncode == 1, told
    assert code.encode() in told
    assert b"Traceback" not in told
    assert PRIVATE.encode() not in told
    assert PRIVATE.encode().hex().encode() not in told
    if not code.startswith("settings_"):
        first, *_ = told.splitlines()
        assert b"VISAVIS_DATA_DIR is meant" in told or b"Is VISAVIS_DATA_DIR meant?" in told, first
