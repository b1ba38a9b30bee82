"""The console's frame, and its sections that watch over the system."""

import re
from collections.abc import Sequence
from typing import Final, Literal

import pytest
from playwright.sync_api import Page, Response, Route, expect
from sim.faces import photo
from support.axe import violations
from support.browser import Traffic
from support.console_page import at_console, go, log_in, opened
from support.pictures import Look
from support.world import BASE, Device, World

from visavis.evaluate.calibrate import FEWEST_PEOPLE
from visavis.flows.drift import CONFIRMED_AFTER
from visavis.model.account import IDLE

pytestmark = pytest.mark.browser

SEES: Final = ["galleries", "rates", "drift"]
SECTIONS: Final = {
    "admin": ["stations", "purposes", *SEES, "planner", "approvals", "readings", "log", "health", "accounts", "keys"],
    "operator": ["stations", "subjects", "reviews", "decisions", *SEES, "planner", "log", "health"],
    "auditor": ["stations", "purposes", *SEES, "planner", "approvals", "readings", "log", "health"],
    "custodian": ["planner", "approvals", "log", "health"],
    "caseworker": ["planner", "log", "health"],
}
"""What each role sees, in the order of the navigation."""
OURS: Final = ["stations", *SEES, "planner", "readings", "log", "health", "accounts", "keys"]
LOOKS: Final[Sequence[tuple[int, Literal["light", "dark"]]]] = (
    (1280, "light"),
    (1280, "dark"),
    (375, "light"),
    (320, "dark"),
)
PEOPLE: Final = [f"kunigunde{number}" for number in range(12)]


def a_morning(world: World) -> tuple[str, Device]:
    """A gallery and a station where more than ten people came by."""
    gallery = world.gallery()
    station = world.station(gallery)
    for name in PEOPLE:
        world.active(gallery, name, photo(name))
    for name in PEOPLE:
        assert world.identify(station, photo(name, 2))["decision"] == "MATCH"
    world.clock.move(seconds=CONFIRMED_AFTER.total_seconds())
    return gallery, station


def shown(page: Page) -> list[str]:
    """The sections of the navigation."""
    links = page.locator("#places a")
    return [str(links.nth(at).get_attribute("href")).removeprefix("#/") for at in range(links.count())]


def test_the_address_is_the_section_and_the_end_of_a_session_leads_back_to_it(
    page: Page, at_sim: World, traffic: Traffic
) -> None:
    at_sim.made("/v1/stations", {"name": "Front desk", "gallery_id": at_sim.gallery(), "attended": True})
    ann = at_console(page, at_sim, "admin", "operator")
    opened(page, "stations")
    page.get_by_role("link", name="Galleries", exact=True).click()
    opened(page, "galleries")
    expect(page.locator("#section h1")).to_be_focused()
    assert page.url == f"{BASE}/console#/galleries"
    page.go_back()
    opened(page, "stations")
    page.go_forward()
    page.reload()
    opened(page, "galleries")
    page.get_by_role("link", name="Stations", exact=True).click()
    expect(page.locator("#section")).to_contain_text("Front desk")
    at_sim.clock.move(seconds=IDLE.total_seconds() + 1)
    page.get_by_role("button", name="Pair a tablet: Front desk").click()
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#problem")).not_to_be_empty()
    assert "Front desk" not in page.content(), "nothing of what was open stays in the page"
    log_in(page, ann)
    opened(page, "stations")
    expect(page.locator("#section")).to_contain_text("Front desk")
    go(page, "log")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#login")).to_be_visible()
    assert page.url == f"{BASE}/console"
    assert traffic.origins() == {BASE}


def test_the_log_is_checked_against_what_was_seen_before_and_a_wrong_one_is_told_loudly(
    page: Page, at_sim: World, look: Look
) -> None:
    gallery = at_sim.gallery()
    at_sim.services.publisher.publish()
    at_console(page, at_sim, "caseworker", at="log")
    expect(page.locator("#log-right")).to_contain_text("The log checks out")
    expect(page.locator("#log-right")).to_contain_text("first look")
    at_sim.active(gallery, "kunigunde", photo("kunigunde"))
    at_sim.clock.move(seconds=60)
    at_sim.services.publisher.publish()
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#log-right")).to_contain_text("came since")
    key = at_sim.http.get("/log/key").text.strip()
    command = page.locator("#log-command")
    expect(command).to_have_text(f'visavis audit verify {BASE}/log --log-key "{key}" --remember log.json')
    look("console-log")

    def forge(route: Route) -> None:
        note = at_sim.http.get("/log/checkpoint").text.split("\n")
        route.fulfill(body="\n".join([note[0], str(int(note[1]) + 1), *note[2:]]), content_type="text/plain")

    page.route(f"{BASE}/log/checkpoint", forge)
    page.get_by_role("button", name="Check again").click()
    wrong = page.locator("#log-wrong")
    expect(wrong).to_contain_text("The log does not check out")
    look("console-log-wrong")
    expect(page.locator("#log-right")).to_be_hidden()
    with page.expect_download() as saved:
        wrong.get_by_role("button", name="Save the evidence").click()
    assert "note_unsigned" in saved.value.path().read_text()
    page.unroute(f"{BASE}/log/checkpoint", forge)
    page.reload()
    expect(page.locator("#log-right")).to_contain_text("It is as it was")


@pytest.mark.slow
def test_a_log_that_is_shorter_than_it_was_or_another_one_is_told(page: Page, at_sim: World) -> None:
    at_sim.gallery()
    at_sim.services.publisher.publish()
    before = at_sim.http.get("/log/checkpoint").text
    at_sim.gallery()
    at_sim.clock.move(seconds=60)
    at_sim.services.publisher.publish()
    at_console(page, at_sim, "auditor", at="log")
    expect(page.locator("#log-right")).to_be_visible()
    page.route(f"{BASE}/log/checkpoint", lambda route: route.fulfill(body=before, content_type="text/plain"))
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#log-wrong")).to_be_visible()
    page.unroute(f"{BASE}/log/checkpoint")
    key = at_sim.http.get("/log/key").text
    page.route(f"{BASE}/log/key", lambda route: route.fulfill(body=f"x{key}", content_type="text/plain"))
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#log-wrong")).to_be_visible()
    page.unroute(f"{BASE}/log/key")

    def altered(route: Route) -> None:
        entries = at_sim.http.get(route.request.url.removeprefix(BASE)).content
        route.fulfill(status=200, body=entries.replace(b'"act":"add"', b'"act":"end"', 1))

    page.route(f"{BASE}/log/tile/entries/**", altered)
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#log-wrong")).to_contain_text("do not make the tree")
    expect(page.locator("#log-right")).to_be_hidden()


@pytest.mark.slow
def test_a_log_that_cannot_be_read_is_not_called_wrong(page: Page, at_sim: World) -> None:
    at_console(page, at_sim, "auditor", at="stations")
    page.route(f"{BASE}/log/checkpoint", lambda route: route.fulfill(status=503, json={"code": "not_ready"}))
    go(page, "log")
    expect(page.locator("#section > [role=alert]").first).not_to_be_empty()
    expect(page.locator("#log-wrong")).to_be_hidden()
    expect(page.locator("#log-right")).to_be_hidden()


@pytest.mark.slow
@pytest.mark.parametrize("role", list(SECTIONS))
def test_each_role_sees_its_sections_and_asks_for_nothing_that_it_may_not_have(
    page: Page, at_sim: World, role: str
) -> None:
    a_morning(at_sim)
    refused: list[str] = []

    def answered(response: Response) -> None:
        if response.status in {401, 403, 404} and not response.url.endswith(("/v1/console/me", "/favicon.ico")):
            refused.append(response.url)

    page.on("response", answered)
    at_console(page, at_sim, role)
    assert shown(page) == SECTIONS[role]
    for section in SECTIONS[role]:
        go(page, section)
        expect(page.locator("#section > [role=alert]").first).to_be_empty()
    others = sorted({name for names in SECTIONS.values() for name in names} - set(SECTIONS[role]))
    for section in others:
        page.goto(f"{BASE}/console#/{section}")
        expect(page.locator("#section h1")).to_have_text("Nothing here for you")
    assert refused == []


@pytest.mark.slow
def test_an_account_of_one_gallery_is_not_shown_what_is_about_all(page: Page, at_sim: World) -> None:
    gallery, other = at_sim.gallery(), at_sim.gallery()
    refused: list[str] = []
    page.on("response", lambda response: refused.append(response.url) if response.status == 403 else None)
    at_console(page, at_sim, "auditor", "operator", galleries=[gallery])
    for section in [section for section in OURS if section in shown(page)]:
        go(page, section)
        assert other not in page.content()
    assert refused == []


@pytest.mark.slow
def test_nobody_at_the_desk_for_a_quarter_of_an_hour_and_the_page_is_empty(page: Page, at_sim: World) -> None:
    at_sim.made("/v1/stations", {"name": "Front desk", "gallery_id": at_sim.gallery(), "attended": True})
    page.clock.install()
    ann = at_console(page, at_sim, "admin", at="stations")
    expect(page.locator("#section")).to_contain_text("Front desk")
    page.clock.fast_forward("14:00")
    expect(page.locator("#section")).to_contain_text("Front desk")
    page.clock.fast_forward("01:01")
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#problem")).to_contain_text("15 minutes")
    assert "Front desk" not in page.content()
    log_in(page, ann)
    opened(page, "stations")
    at_sim.clock.move(seconds=IDLE.total_seconds() + 1)
    page.get_by_role("link", name="Galleries", exact=True).click()
    log_in(page, ann)
    opened(page, "galleries")


@pytest.mark.slow
def test_who_comes_back_from_a_provider_is_where_they_were(page: Page, at_sim: World) -> None:
    at_console(page, at_sim, "admin", at="health")
    # A provider brings somebody back to the bare address.
    page.evaluate("document.querySelector('#provider').dispatchEvent(new Event('click'))")
    page.goto("about:blank")
    page.goto(f"{BASE}/console")
    opened(page, "health")
    page.goto("about:blank")
    page.goto(f"{BASE}/console")
    opened(page, "stations")


@pytest.mark.slow
def test_error_rates_are_those_of_the_server(page: Page, at_sim: World, look: Look) -> None:
    gallery, _ = a_morning(at_sim)
    told = at_sim.api("GET", f"/v1/galleries/{gallery}").json()
    at_console(page, at_sim, "admin", at=f"rates/{gallery}")
    expect(page.locator("#rates-promise")).to_contain_text(f"{told['references']} of {told['capacity']:,} at most")
    expect(page.locator("#rates-promise")).to_contain_text("at most 1 in 100")
    chart = page.locator("#rates-size figure")
    expect(chart.get_by_role("img", name="Members missed, by size")).to_be_visible()
    look("console-rates")
    chart.get_by_text("The same as a table").click()
    rows = chart.locator("tbody tr")
    assert rows.count() == len(told["sizes"]) > 3
    expect(rows.first).to_contain_text("1 in 100")
    expect(rows.last).to_contain_text("not known")
    page.get_by_role("button", name="Measure now").click()
    beside = page.locator(".sheet", has=page.locator("#rates-measured")).locator("[role=alert]")
    expect(beside).to_contain_text(f"{FEWEST_PEOPLE} are needed")


@pytest.mark.slow
def test_another_gallery_is_another_address(page: Page, at_sim: World) -> None:
    first, second = at_sim.gallery(target=0.01), at_sim.gallery(target=0.02)
    at_console(page, at_sim, "auditor", at=f"rates/{first}")
    expect(page.locator("#rates-promise")).to_contain_text("1 in 100 ")
    expect(page.get_by_role("button", name="Measure now")).to_have_count(0)
    page.get_by_label("Gallery", exact=True).select_option(second)
    expect(page.locator("#rates-promise")).to_contain_text("1 in 50 ")
    assert page.url.endswith(f"#/rates/{second}")
    page.go_back()
    expect(page.locator("#rates-promise")).to_contain_text("1 in 100 ")


@pytest.mark.slow
def test_a_promise_about_two_people_does_not_depend_on_the_size(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery(target_kind="fmr", target=0.001)
    at_console(page, at_sim, "auditor", at=f"rates/{gallery}")
    expect(page.locator("#rates-size")).to_contain_text("the same at any size")


@pytest.mark.slow
def test_drift_is_told_as_counts_of_ten_to_who_may_read_them(page: Page, at_sim: World, look: Look) -> None:
    _, station = a_morning(at_sim)
    at_console(page, at_sim, "admin", at="drift")
    card = page.locator(f"section[aria-labelledby=drift-{station.id}]")
    expect(card.get_by_role("img")).to_be_visible()
    expect(card.get_by_role("row", name="Recognised")).to_contain_text("10")
    look("console-drift")
    card.get_by_text("The same as a table").click()
    own = [float(text.removesuffix("%")) for text in card.locator("figure tbody td:nth-child(2)").all_text_contents()]
    assert abs(sum(own) - 100) < 1
    for name in PEOPLE:
        assert name not in page.content()
    assert not re.search(r"sub_[a-z2-7]{26}", page.content())


@pytest.mark.slow
def test_who_may_not_read_figures_sees_whether_there_is_an_alarm(page: Page, at_sim: World, traffic: Traffic) -> None:
    a_morning(at_sim)
    at_console(page, at_sim, "operator", at="drift")
    expect(page.locator("#drift-said")).to_contain_text("No station has left the calibration")
    expect(page.locator("#drift-unseen")).to_be_visible()
    expect(page.locator("#section svg")).to_have_count(0)
    assert not [request.url for request in traffic.requests if request.url.endswith("/metrics")]


@pytest.mark.slow
def test_an_alarm_stands_out(page: Page, at_sim: World) -> None:
    at_sim.made("/v1/stations", {"name": "Front desk", "gallery_id": at_sim.gallery(), "attended": True})

    def alarm(route: Route) -> None:
        items = at_sim.api("GET", "/v1/stations").json()["items"]
        route.fulfill(json={"items": [{**item, "drift": "own"} for item in items], "next": None})

    at_console(page, at_sim, "auditor", at="planner")
    page.route(re.compile(r"/v1/stations\?"), alarm)
    go(page, "drift")
    expect(page.locator("#drift-said")).to_have_text("One station has left the calibration.")
    expect(page.locator("#drift-stations")).to_contain_text("People look less like their own photos")
    expect(page.locator("#drift-stations")).to_contain_text("has its camera moved")
    go(page, "health")
    expect(page.locator("#health-findings li").filter(has_text="Drift")).to_contain_text("Look")


@pytest.mark.slow
def test_the_planner_begins_with_the_gallery(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery(target=0.02, max_fnmr=0.03)
    for name in PEOPLE[:3]:
        at_sim.active(gallery, name, photo(name))
    at_console(page, at_sim, "operator", at=f"planner/{gallery}")
    expect(page.get_by_label("People in the gallery").first).to_have_value("3")
    expect(page.locator("#value")).to_have_value("2%")
    expect(page.locator("#max_fnmr")).to_have_value("3%")
    expect(page.locator("#said")).to_contain_text("This can be promised.")
    page.locator("#people").fill("90000000")
    expect(page.locator("#said")).not_to_contain_text("This can be promised.")
    assert page.url.endswith(f"#/planner/{gallery}")


@pytest.mark.slow
def test_an_auditor_sees_who_read_what_and_that_is_recorded_too(page: Page, at_sim: World, look: Look) -> None:
    gallery = at_sim.gallery()
    person = at_sim.active(gallery, "kunigunde", photo("kunigunde"))
    assert at_sim.api("GET", f"/v1/subjects/{person.subject_id}", headers={"Visavis-Reason": "she asked"}).is_success
    at_console(page, at_sim, "auditor", at="readings")
    opened(page, "readings")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Why do you look?")).to_be_focused()
    page.get_by_label("Why do you look?").fill("yearly audit")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="What was read")).to_be_focused()
    expect(page.locator("#readings")).to_contain_text("Why: she asked")
    expect(page.locator("#readings")).to_contain_text(person.subject_id)
    assert "kunigunde" not in page.content()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#readings")).to_contain_text("Why: yearly audit")
    look("console-readings")


@pytest.mark.slow
def test_health_tells_what_needs_somebody(page: Page, at_sim: World, look: Look) -> None:
    at_sim.gallery()
    at_console(page, at_sim, "admin", at="health")
    backup = page.locator("#health-findings li").filter(has_text="Backup")
    expect(backup).to_contain_text("None was made")
    look("console-health")
    expect(page.locator("#health-facts")).to_contain_text("sim-1")
    assert at_sim.api("POST", "/v1/backups").is_success
    page.reload()
    opened(page, "health")
    expect(backup).to_contain_text("The last one was made on")
    pages = page.locator("#health-findings li").filter(has_text="Pages")
    expect(pages).to_contain_text("are those that the server has now")
    page.evaluate("document.documentElement.dataset.pages = 'an older build'")
    page.evaluate("location.hash = '#/stations'")
    opened(page, "stations")
    page.evaluate("location.hash = '#/health'")
    opened(page, "health")
    expect(pages).to_contain_text("The server has other pages now")


@pytest.mark.slow
@pytest.mark.parametrize("section", OURS)
def test_no_section_has_a_fault_that_axe_knows_of(page: Page, at_sim: World, section: str) -> None:
    a_morning(at_sim)
    at_sim.services.publisher.publish()
    at_console(page, at_sim, "admin", "operator", at=section)
    opened(page, section)
    for summary in page.locator("#section summary:visible").all():
        summary.click()
    asked: Sequence[tuple[int, Literal["light", "dark"]]] = (
        (1280, "light"),
        (1280, "dark"),
        (375, "light"),
        (320, "dark"),
    )
    for width, scheme in asked:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == [], (width, scheme)
