"""Pictures of the pages for the documents, taken where the tests of those pages stand."""

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, Protocol

from PIL import Image
from playwright.sync_api import Page

FOLDER: Final = os.environ.get("VISAVIS_PICTURES")
"""Where pictures go; without it, tests take none."""


class Look(Protocol):
    """Takes a picture of what the page shows, of one part of it where a selector is given."""

    def __call__(self, name: str, part: str = "body") -> None: ...


_VIEWS: Final[Sequence[tuple[int, int, Literal["light", "dark"]]]] = ((1080, 720, "light"), (390, 844, "dark"))
_LAID_OUT: Final = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_LONGEST: Final = 1500
_GAP: Final = 24
_COLOURS: Final = 128


def taken_by(page: Page) -> Look:
    """Pictures of ``page``: on a desk in the light, and beside it on a phone in the dark."""

    def look(name: str, part: str = "body") -> None:
        if FOLDER is not None:
            _take(page, part, Path(FOLDER) / f"{name}.png")

    return look


def _take(page: Page, part: str, file: Path) -> None:
    before = page.viewport_size
    page.mouse.move(0, 0)
    views = []
    for width, height, scheme in _VIEWS:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(_LAID_OUT)
        taken = page.screenshot(full_page=True) if part == "body" else page.locator(part).screenshot()
        shown = Image.open(BytesIO(taken)).convert("RGB")
        views.append(shown.crop((0, 0, shown.width, min(shown.height, _LONGEST))))
    page.emulate_media(color_scheme="null", reduced_motion="null")
    if before is not None:
        page.set_viewport_size(before)
    file.parent.mkdir(parents=True, exist_ok=True)
    _beside(views).quantize(_COLOURS).save(file, optimize=True)


def _beside(views: Sequence[Image.Image]) -> Image.Image:
    width = sum(view.width + _GAP for view in views) + _GAP
    whole = Image.new("RGB", (width, max(view.height for view in views) + 2 * _GAP), "#8a8f98")
    left = _GAP
    for view in views:
        whole.paste(view, (left, _GAP))
        left += view.width + _GAP
    return whole
