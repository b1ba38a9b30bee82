"""``<visavis-capture>`` in a real browser, before a camera that shows what a film shows."""

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from support import embedding
from support.axe import violations
from support.browser import Traffic, with_camera
from support.embedding import Embedding, serving
from support.films import (
    SOMEBODY_ELSE,
    STRAIGHT,
    TURNED_RIGHT,
    blurred,
    dimmed,
    film,
    placed,
    wall,
)

from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_face_finder
from visavis.model.image import Frame

pytestmark = pytest.mark.browser
slow = pytest.mark.slow

Filmed = Callable[..., Embedding]
_MORE_THAN_A_LOOK_MS = 1500
_COUNTS_CAMERAS = """
window.track = () => capture().shadowRoot.querySelector("video").srcObject.getTracks()[0];
window.hide = () => {
  Object.defineProperty(document, "hidden", { value: true });
  document.dispatchEvent(new Event("visibilitychange"));
};
window.capture = () => document.querySelector("visavis-capture");
window.asked = 0;
const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (real) navigator.mediaDevices.getUserMedia = (wanted) => { window.asked += 1; return real(wanted); };
"""


@pytest.fixture(scope="module")
def base(weights: Path) -> Iterator[str]:
    with serving(open_face_finder(ModelStore(weights))) as address:
        yield address


@pytest.fixture
def filmed(browser: Browser, base: str, tmp_path: Path) -> Iterator[Filmed]:
    """Opens the page in a browser whose camera shows these pictures; without any, Chromium's own test picture."""
    with ExitStack() as stack:
        numbers = count()

        def open_(*pictures: Image.Image, at: str = base, scripted: str = "", **attributes: str) -> Embedding:
            arguments = []
            if pictures:
                path = film(tmp_path / f"{next(numbers)}.y4m", pictures if len(pictures) > 1 else pictures * 2)
                arguments = [f"--use-file-for-fake-video-capture={path}"]
            other = stack.enter_context(with_camera(browser, *arguments))
            page = other.new_context(viewport={"width": 900, "height": 1000}).new_page()
            traffic = Traffic.of(page)
            stack.callback(lambda: _require_calm(traffic))
            return embedding.opened(page, at, scripted=_COUNTS_CAMERAS + scripted, **attributes)

        yield open_


def _two_people() -> Image.Image:
    return placed(placed(wall(), STRAIGHT, fills=0.5, at=(0.25, 0.4)), SOMEBODY_ELSE, fills=0.5, at=(0.75, 0.4))


def _require_calm(traffic: Traffic) -> None:
    assert traffic.complaints == []


def test_a_photo_takes_itself_when_all_is_well_and_the_camera_goes_off(filmed: Filmed) -> None:
    opened = filmed(placed(wall(), STRAIGHT), auto="")
    page = opened.page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    # Until somebody starts it there is neither a camera nor anything that guides.
    page.wait_for_timeout(300)
    assert page.evaluate("window.asked") == 0
    assert sent == []
    page.get_by_role("button", name="Turn the camera on").click()
    opened.until("guidance", instruction="hold")
    opened.until("photo", done=True)
    assert opened.tracks() == []
    [photo] = opened.photos()
    with Image.open(io.BytesIO(photo)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1280, 720))
        assert not picture.getexif()
        assert set(picture.info) <= {"icc_profile", "jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert [url for url in sent if url.endswith(".wasm")] != []
    assert all(url.startswith(page.url.partition("/station")[0]) for url in sent)


@slow
@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("nobody", lambda: [wall()]),
        ("black", lambda: [wall(grey=0)]),
        ("dark", lambda: [dimmed(placed(wall(), STRAIGHT), 0.2)]),
        ("several", lambda: [_two_people()]),
        ("closer", lambda: [placed(wall(), STRAIGHT, fills=0.3)]),
        ("back", lambda: [placed(wall(), STRAIGHT, fills=1.25)]),
        ("centre", lambda: [placed(wall(), STRAIGHT, at=(0.3, 0.5))]),
        ("straight", lambda: [placed(wall(), TURNED_RIGHT)]),
        ("blurred", lambda: [blurred(placed(wall(), STRAIGHT), 12)]),
        ("still", lambda: [placed(wall(), STRAIGHT, at=(x / 100, 0.5)) for x in (42, 53, 47, 58, 50, 44, 56)]),
        ("hold", lambda: [placed(wall(lines=2160), STRAIGHT)]),
        ("hold", lambda: [placed(wall(lines=360), STRAIGHT)]),
    ],
)  # fmt: skip
def test_one_thing_is_said_at_a_time(filmed: Filmed, name: str, pictures: Callable[[], list[Image.Image]]) -> None:
    opened = filmed(*pictures(), **({} if name == "hold" else {"auto": ""}))
    assert opened.start()
    opened.until("guidance", instruction=name)
    opened.page.wait_for_timeout(_MORE_THAN_A_LOOK_MS)
    said = opened.kinds("guidance", "instruction")
    # On a busy machine the first looks are far apart, and may find somebody who moves at the same place twice.
    assert set(said) <= {"unguided", name} | ({"hold"} if name == "still" else set()), said
    assert said[-1] == name
    expect(opened.page.get_by_role("status").first).to_have_text(opened.kinds("guidance", "text")[-1])
    assert opened.photos() == []


@slow
@pytest.mark.parametrize("pose", ["left", "right"])
def test_a_turned_head_is_taken_where_it_was_asked_for(filmed: Filmed, pose: str) -> None:
    opened = filmed(placed(wall(), TURNED_RIGHT, mirrored=pose == "left"), auto="", poses=pose)
    assert opened.start()
    opened.until("photo", pose=pose)


@slow
def test_whoever_looks_straight_ahead_is_asked_to_turn(filmed: Filmed) -> None:
    opened = filmed(placed(wall(), STRAIGHT), auto="", poses="left,right")
    assert opened.start()
    opened.until("guidance", instruction="left")
    opened.page.wait_for_timeout(_MORE_THAN_A_LOOK_MS)
    assert opened.photos() == []
    assert opened.page.get_by_text("Photo 1 of 2: turned a little to your left").is_visible()


@slow
def test_the_largest_camera_gives_a_photo_of_ordinary_size(filmed: Filmed) -> None:
    opened = filmed(placed(wall(lines=2160), STRAIGHT), auto="")
    assert opened.start()
    opened.until("photo", done=True)
    [photo] = opened.photos()
    with Image.open(io.BytesIO(photo)) as picture:
        assert picture.width <= 1920
    assert len(photo) < 1_500_000


@slow
def test_several_poses_are_taken_one_after_the_other_by_the_keyboard(filmed: Filmed) -> None:
    opened = filmed(placed(wall(), STRAIGHT), poses="straight straight")
    keyboard = opened.page.keyboard
    keyboard.press("Tab")
    keyboard.press("Enter")
    opened.until("guidance", instruction="hold")
    # The button that was pressed is gone; the keyboard is on the one that came in its place.
    keyboard.press("Enter")
    opened.until("photo", number=1)
    assert opened.tracks() == ["live"]
    keyboard.press("Enter")
    opened.until("photo", number=2)
    assert opened.kinds("photo", "done") == [False, True]
    assert opened.page.evaluate("window.told.findLast((one) => one.name === 'photo').photos.length") == 2
    assert opened.tracks() == []
    expect(opened.page.get_by_role("button", name="Turn the camera on")).to_be_focused()


@slow
@pytest.mark.parametrize(
    ("code", "pictures"),
    [
        ("photo_of_nobody", wall),
        ("photo_of_several", _two_people),
    ],
)
def test_what_every_server_would_refuse_is_not_taken(
    filmed: Filmed, code: str, pictures: Callable[[], Image.Image]
) -> None:
    opened = filmed(pictures())
    assert opened.start()
    opened.until("state", guided=True)
    opened.page.get_by_role("button", name="Take the photo").click()
    opened.until("problem", code=code)
    assert opened.photos() == []
    assert opened.tracks() == ["live"]
    expect(opened.page.get_by_role("alert")).to_be_visible()


def test_a_camera_that_is_refused_says_how_to_allow_it(browser: Browser, base: str) -> None:
    with with_camera(browser, without="--use-fake-ui-for-media-stream") as other:
        opened = embedding.opened(other.new_context(permissions=[]).new_page(), base)
        assert not opened.start()
        assert opened.kinds("problem", "code") == ["camera_refused"]
        expect(opened.page.get_by_role("alert")).to_contain_text("Allow the camera for this page")
        expect(opened.page.get_by_role("button", name="Turn the camera on")).to_be_visible()


@slow
@pytest.mark.parametrize(
    ("thrown", "code"),
    [("NotReadableError", "camera_busy"), ("NotFoundError", "camera_missing"), ("NotAllowedError", "camera_refused")],
)
def test_what_the_browser_throws_has_a_name(page: Page, base: str, thrown: str, code: str) -> None:
    throws = f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{thrown}'); }};"
    opened = embedding.opened(page, base, scripted=throws)
    assert not opened.start()
    assert opened.kinds("problem", "code") == [code]


@slow
def test_a_page_without_encryption_has_no_camera(browser: Browser, base: str) -> None:
    with with_camera(browser, "--host-resolver-rules=MAP desk.example 127.0.0.1") as other:
        opened = embedding.opened(other.new_page(), base.replace("127.0.0.1", "desk.example"))
        assert not opened.start()
        assert opened.kinds("problem", "code") == ["insecure_context"]


@slow
def test_a_camera_that_is_unplugged_is_told(filmed: Filmed) -> None:
    opened = filmed(wall())
    assert opened.start()
    opened.page.evaluate("track().dispatchEvent(new Event('ended'))")
    opened.until("problem", code="camera_unplugged")
    assert opened.tracks() == []
    assert opened.start()  # and again, once it is back
    assert opened.tracks() == ["live"]
    expect(opened.page.get_by_role("alert")).to_be_hidden()


@slow
@pytest.mark.parametrize(
    "act",
    [
        "capture().stop()",
        "capture().remove()",
        "hide()",
    ],
    ids=["stopped", "removed", "out of sight"],
)
def test_the_camera_is_let_go(filmed: Filmed, act: str) -> None:
    opened = filmed(wall())
    assert opened.start()
    page = opened.page
    page.evaluate("window.kept = track()")
    page.evaluate(f"() => {{ {act} }}")
    assert page.evaluate("window.kept.readyState") == "ended"
    page.wait_for_timeout(300)
    told = len(opened.kinds("guidance", "text"))
    page.wait_for_timeout(_MORE_THAN_A_LOOK_MS)
    assert len(opened.kinds("guidance", "text")) == told


@slow
def test_a_start_that_was_taken_back_leaves_the_camera_off(filmed: Filmed) -> None:
    opened = filmed(wall())
    is_on = opened.page.evaluate("() => { const it = capture(); const going = it.start(); it.stop(); return going; }")
    assert is_on is False
    assert opened.tracks() == []


@slow
def test_a_photo_that_nobody_waits_for_any_more_is_not_given(filmed: Filmed) -> None:
    opened = filmed(placed(wall(), STRAIGHT))
    assert opened.start()
    opened.until("guidance", instruction="hold")
    taken = opened.page.evaluate("() => { const going = capture().take(); capture().stop(); return going; }")
    assert taken is None
    assert opened.photos() == []


@slow
def test_a_black_picture_is_a_problem_after_a_while(filmed: Filmed) -> None:
    opened = filmed(wall(grey=0))
    assert opened.start()
    opened.until("problem", code="camera_black")
    assert opened.tracks() == ["live"]


@slow
def test_without_guidance_photos_are_taken_all_the_same(filmed: Filmed) -> None:
    with serving(None) as bare:
        opened = filmed(placed(wall(), STRAIGHT), at=bare, auto="")
        assert opened.start()
        opened.until("photo", done=True)
        assert opened.kinds("problem", "code") == ["guidance_missing"]
        assert set(opened.kinds("guidance", "instruction")) == {"unguided"}
        expect(opened.page.get_by_role("alert")).to_be_hidden()


@slow
def test_a_file_is_another_way_with_the_same_checks(page: Page, base: str, tmp_path: Path) -> None:
    opened = embedding.opened(page, base)
    placed(wall(), STRAIGHT).save(tmp_path / "me.png", pnginfo=None)
    wall().save(tmp_path / "wall.png")
    (tmp_path / "letter.jpg").write_bytes(b"Dear Sir or Madam")
    chooser = page.get_by_label("Choose a photo")
    for name, code in (("wall.png", "photo_of_nobody"), ("letter.jpg", "photo_unreadable")):
        chooser.set_input_files(tmp_path / name)
        opened.until("problem", code=code)
        assert opened.photos() == []
    chooser.set_input_files(tmp_path / "me.png")
    opened.until("photo", fromFile=True)
    with Image.open(io.BytesIO(opened.photos()[0])) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1280, 720))


@slow
def test_a_file_leaves_its_metadata_behind_and_is_upright(page: Page, base: str, tmp_path: Path) -> None:
    opened = embedding.opened(page, base)
    lying = placed(wall(), STRAIGHT).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Somebody"
    lying.save(tmp_path / "me.jpg", exif=exif)
    page.get_by_label("Choose a photo").set_input_files(tmp_path / "me.jpg")
    opened.until("photo", fromFile=True)
    [photo] = opened.photos()
    assert b"Somebody" not in photo
    with Image.open(io.BytesIO(photo)) as picture:
        assert (picture.size, dict(picture.getexif())) == ((1280, 720), {})


@slow
def test_a_page_may_do_without_buttons_and_files(page: Page, base: str) -> None:
    embedding.opened(page, base, no_controls="", no_upload="")
    assert page.get_by_role("button").count() == 0
    assert not page.get_by_label("Choose a photo").is_visible()


@slow
def test_what_is_shown_is_also_spoken_where_a_page_asks_for_it(filmed: Filmed) -> None:
    listens = "window.spoken = []; speechSynthesis.speak = (it) => window.spoken.push([it.text, it.lang]);"
    opened = filmed(wall(), scripted=listens, speak="")
    assert opened.start()
    opened.until("guidance", instruction="nobody")
    assert opened.page.evaluate("window.spoken.at(-1)") == ["Come in front of the camera.", "en-GB"]


@slow
def test_a_page_may_bring_its_own_words(page: Page, base: str) -> None:
    embedding.opened(page, base)
    page.evaluate("document.querySelector('visavis-capture').texts = { locale: 'nl', t: () => 'Aan' }")
    assert page.get_by_role("button", name="Aan").first.is_visible()


@slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(browser: Browser, base: str, tmp_path: Path, scheme: str) -> None:
    path = film(tmp_path / "me.y4m", [placed(wall(), STRAIGHT)] * 2)
    with with_camera(browser, f"--use-file-for-fake-video-capture={path}") as other:
        page = other.new_context(color_scheme="dark" if scheme == "dark" else "light").new_page()
        opened = embedding.opened(page, base)
        assert violations(page) == []
        assert opened.start()
        opened.until("guidance", instruction="hold")
        assert violations(page) == []


_FINDS = """async ([encoded, width, height]) => {
  const { Finder } = await import("/static/js/capture/finder.js");
  const data = Uint8ClampedArray.from(atob(encoded), (one) => one.charCodeAt(0));
  const finder = await Finder.load("/capture/face-finder");
  return finder.find(new ImageData(data, width, height));
}"""


@slow
@pytest.mark.parametrize("name", [STRAIGHT, TURNED_RIGHT, SOMEBODY_ELSE])
def test_a_browser_finds_the_face_where_the_server_finds_it(page: Page, base: str, weights: Path, name: str) -> None:
    picture = placed(wall(lines=180), name)
    runtime = Runtime(threads=1, streams=1)
    [wanted] = open_detector(ModelStore(weights), runtime).detect(Frame(np.asarray(picture)))
    embedding.opened(page, base)
    encoded = base64.b64encode(picture.convert("RGBA").tobytes()).decode()
    [found] = page.evaluate(_FINDS, [encoded, *picture.size])
    assert found["score"] == pytest.approx(wanted.score, abs=0.01)
    points = [found[point] for point in ("rightEye", "leftEye", "nose", "rightMouth", "leftMouth")]
    assert np.abs(np.array([[at["x"], at["y"]] for at in points]) - wanted.landmarks).max() < 0.5
    assert abs(found["left"] - wanted.left) < 0.5
    assert abs(found["width"] - wanted.width) < 0.5
