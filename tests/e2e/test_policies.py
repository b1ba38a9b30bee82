"""What the pages forbid themselves, in the browser that has to keep them to it."""

import pytest
from playwright.sync_api import Page
from support.browser import Traffic
from support.world import BASE, World

pytestmark = pytest.mark.browser

MAKE_OF_TEXT = """() => {
  const ways = {
    html: () => { document.body.innerHTML = "<b>made</b>"; },
    document: () => new DOMParser().parseFromString("<b>made</b>", "text/html"),
    script: () => { document.createElement("script").src = "/made.js"; },
    policy: () => trustedTypes.createPolicy("made", {}),
  };
  const refused = ([, way]) => { try { way(); return false; } catch (error) { return error instanceof TypeError; } };
  return Object.entries(ways).filter((one) => !refused(one)).map(([name]) => name);
}"""
CAMERA = "document.featurePolicy.allowsFeature('camera')"


def test_no_script_and_no_page_is_made_of_a_text(page: Page, at_sim: World, traffic: Traffic) -> None:
    for path in ("/", "/me", "/plan"):
        assert at_sim.http.get(path).status_code == 200
        page.goto(BASE + path)
        assert page.evaluate(MAKE_OF_TEXT) == [], path
    # Each try was told in the console, which would fail any other test.
    assert traffic.complaints != []
    traffic.complaints.clear()


@pytest.mark.slow
def test_only_pages_that_take_photos_may_use_the_camera(page: Page, at_sim: World) -> None:
    allowed = {}
    for path in ("/", "/consent", "/enrol", "/me", "/grant", "/plan", "/unseal"):
        assert at_sim.http.get(path).status_code == 200
        page.goto(BASE + path)
        allowed[path] = page.evaluate(CAMERA)
    assert [path for path, may in allowed.items() if may] == ["/enrol", "/me"]
