"""Somebody at home in front of ``/enrol``."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from support.world import BASE, World

PHOTO = ".photo"
ALL = 3
"""Photos after which nobody has to say that they are enough."""


def invited(world: World, gallery: str, reference: str = "ann", **more: Any) -> str:
    """Invite somebody; the secret of their link."""
    body = {"external_reference": reference, **more}
    link = world.made(f"/v1/galleries/{gallery}/invitations", body, 202)["enrol_link"]
    return str(link.partition("#")[2])


def open_invitation(page: Page, secret: str, *, base: str = BASE, query: str = "") -> None:
    """Open an invitation that waits for an answer."""
    page.goto("about:blank")
    page.goto(f"{base}/enrol{query}#{secret}")
    expect(page.locator("#ask")).to_be_visible()


def go_on_to_photos(page: Page) -> None:
    """Read, tick, go on; the camera is still off."""
    page.get_by_role("checkbox").check()
    page.locator("#go-on").click()
    expect(page.locator("visavis-capture")).to_be_visible()


def take_three(page: Page) -> None:
    """Turn the camera on and press for each photo."""
    page.get_by_role("button", name="Turn the camera on").click()
    for number in (1, 2, 3):
        press_take(page)
        expect(page.locator(".strip img")).to_have_count(number)


def press_take(page: Page) -> None:
    expect(page.locator("visavis-capture video")).to_have_js_property("readyState", 4)
    page.get_by_role("button", name="Take the photo").click()


def choose(page: Page, *files: Path) -> None:
    """Choose these photos, one after the other."""
    strip = page.locator(".strip img")
    for file in files:
        before = strip.count()
        page.locator("visavis-capture input[type=file]").set_input_files(file)
        expect(strip).to_have_count(before + 1)


def send(page: Page) -> None:
    """Send what was taken, and wait until all of it has an answer."""
    page.locator("#send").click()
    expect(page.locator(f"{PHOTO}:not([data-fate=taken], [data-fate=refused])")).to_have_count(0)


def fates(page: Page) -> list[str]:
    """What became of each photo, in their order."""
    return [one.get_attribute("data-fate") or "" for one in page.locator(PHOTO).all()]


def sent_through(page: Page, secret: str, *files: Path) -> None:
    """Open an invitation, agree to go on, choose these photos and send them."""
    open_invitation(page, secret)
    go_on_to_photos(page)
    choose(page, *files)
    if len(files) < ALL:
        page.locator("#enough").click()
    send(page)
