"""A station's page on a tablet, paired, with one person enrolled."""

from playwright.sync_api import Page, expect
from sim.faces import photo

from support.world import BASE, Person, World


def paired(page: Page, world: World, *, query: str = "") -> tuple[str, Person]:
    """The gallery, and who is in it; the page waits for somebody."""
    gallery = world.gallery(text="We open the door.\n\nThen we forget.", retention_days=90)
    ann = world.active(gallery, "ann", photo("ann"))
    body = {"name": "Door 1", "gallery_id": gallery, "attended": True}
    station = world.made("/v1/stations", body)["id"]
    page.goto(f"{BASE}/station{query}")
    page.locator("#code").fill(str(world.made(f"/v1/stations/{station}/pairing", {})["code"]))
    page.locator("#pairing-form button").click()
    expect(page.locator("#idle")).to_be_visible()
    world.clock.move(seconds=3)
    return gallery, ann
