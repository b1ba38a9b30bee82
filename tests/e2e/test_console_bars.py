"""The bar that a decision had to pass, however often it has moved since."""

import pytest
from playwright.sync_api import Page, expect
from sim.faces import photo
from support.browser import Traffic
from support.console_page import at_console, opened
from support.world import World

from visavis.web.routes import galleries

pytestmark = pytest.mark.browser

PEOPLE = ("ann", "bob", "cleo", "dora")


def moved_with_each(world: World, gallery: str) -> list[int]:
    """Enrol four people; each time somebody is recognised, and the bar has moved. How often one comparison may err."""
    station, rarer = world.station(gallery), []
    for name in PEOPLE:
        world.active(gallery, name, photo(name))
        world.clock.move(seconds=60)
        assert world.identify(station, photo(name, 2))["decision"] == "MATCH"
        moves = world.api("GET", f"/v1/galleries/{gallery}").json()["moves"]
        rarer.append(int(1 / moves[0]["per_comparison"]))
    assert len(set(rarer)) == len(PEOPLE)
    return rarer


def test_each_decision_tells_the_bar_of_its_time(
    page: Page, at_sim: World, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = at_sim.gallery()
    rarer = moved_with_each(at_sim, gallery)
    monkeypatch.setattr(galleries, "_MOVES", 1)
    page.clock.install(time=at_sim.clock.now())
    at_console(page, at_sim, "operator", at="decisions")
    opened(page, "decisions")
    page.locator("#decisions-reason").fill("the day's figures")
    page.get_by_role("button", name="Show", exact=True).click()
    rows = page.locator("#decisions tr")
    expect(rows).to_have_count(len(PEOPLE))
    for at, rate in enumerate(reversed(rarer)):
        expect(rows.nth(at)).to_contain_text(f"A comparison errs 1 in {rate:,} ")
    asked = [request.url for request in traffic.requests if f"/galleries/{gallery}?until=" in request.url]
    # One for each move of the day, and no further than the last before it or the first of all.
    assert len(PEOPLE) < len(asked) <= len(PEOPLE) + 2


def test_moves_of_a_bar_from_before_then_are_told(world: World) -> None:
    gallery = world.gallery()
    moved_with_each(world, gallery)
    moves = world.api("GET", f"/v1/galleries/{gallery}").json()["moves"]
    before = world.api("GET", f"/v1/galleries/{gallery}", params={"until": moves[1]["moved_at"]}).json()["moves"]
    assert before == moves[2:]
    assert world.api("GET", f"/v1/galleries/{gallery}", params={"until": "yesterday"}).status_code == 422
