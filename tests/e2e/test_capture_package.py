"""The package for other people's pages: it is built, and the example of its own page is what runs."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, expect
from support.browser import Traffic, with_camera
from support.films import STRAIGHT, film, placed, wall
from support.pages import ROOT, blocks

from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.stages import open_face_finder

pytestmark = [pytest.mark.browser, pytest.mark.slow]

README = ROOT / "browser" / "README.md"
BUILT = ROOT / "browser" / "dist" / "visavis-capture"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@pytest.fixture(scope="module")
def built() -> Path:
    subprocess.run([ROOT / "browser" / "npm", "run", "--silent", "build:package"], check=True, capture_output=True)
    return BUILT


@contextmanager
def somebodys_site(network: bytes | None, photos: list[bytes]) -> Iterator[str]:
    """A site that has nothing of ours but the package, and the two files that the page of the package shows."""
    app = FastAPI()
    app.mount("/visavis-capture", StaticFiles(directory=BUILT))
    [html] = [block.text for block in blocks(README, "html")]
    [script] = [block.text for block in blocks(README, "js")]

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})

    @app.get("/example.js")
    def example() -> Response:
        return Response(script, media_type="text/javascript")

    @app.get("/face-finder.onnx")
    def face_finder() -> Response:
        return Response(network, status_code=404 if network is None else 200)

    @app.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    @app.post("/photos")
    async def take(request: Request) -> Response:
        async with request.form() as form:
            photo = form["photo"]
            photos.append(b"" if isinstance(photo, str) else await photo.read())
        return Response(status_code=201)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_the_example_takes_and_sends_a_photo(browser: Browser, built: Path, weights: Path, tmp_path: Path) -> None:
    assert {"package.json", "README.md", "LICENSE", "visavis-capture.js"} <= {path.name for path in built.iterdir()}
    sent: list[bytes] = []
    path = film(tmp_path / "me.y4m", [placed(wall(), STRAIGHT)] * 2)
    network = open_face_finder(ModelStore(weights))
    with (
        somebodys_site(network, sent) as base,
        with_camera(browser, f"--use-file-for-fake-video-capture={path}") as other,
    ):
        page = other.new_page()
        traffic = Traffic.of(page)
        page.goto(base)
        page.get_by_role("button", name="Turn the camera on").click()
        expect(page.get_by_role("status").filter(has_text="Good. Stay like this.")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Take the photo").click()
        expect(page.get_by_text("Thank you.")).to_be_visible()
        assert traffic.origins() == {base}
        assert traffic.complaints == []
    [photo] = sent
    assert photo.startswith(b"\xff\xd8\xff")


CONSUMER = """
import { CODES, upload, words, type CaptureProblem, type PhotoDetail, type VisavisCapture } from "./index.js";
const element: VisavisCapture = document.querySelector("visavis-capture")!;
const live: Promise<boolean> = element.start();
const photo: Promise<Blob | null> = element.take();
element.texts = words({ "capture.start": "Aan" }, "nl");
element.addEventListener("visavis-photo", (event) => {
  const { detail } = event as CustomEvent<PhotoDetail>;
  void upload("/photos", detail.photo, { progress: (part: number) => part });
});
const known = (problem: CaptureProblem): boolean => CODES.includes(problem.code);
export { known, live, photo };
"""


def test_its_types_are_whole(built: Path) -> None:
    """Somebody's strict compiler reads all of them, with nothing of ours beside them."""
    types = built / "types" / "package"
    (types / "consumer.ts").write_text(CONSUMER, encoding="utf-8")
    options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022"]
    command = [str(ROOT / "browser" / "npm"), "exec", "--", "tsc", "--ignoreConfig", *options, "--types", ""]
    checked = subprocess.run(
        [*command, str(types / "consumer.ts")], capture_output=True, text=True, check=False, cwd=built
    )
    (types / "consumer.ts").unlink()
    assert checked.returncode == 0, checked.stdout + checked.stderr
