"""The pages in a real browser: from the press at a station to its decision, how soon a page is there, what it weighs.

``make bench-pages``. Debian's Chromium, headless, on the same two cores as the server; a made camera plays one of the
demo's portraits, whose person is enrolled among 500 others. ``VISAVIS_BENCH_SESSIONS`` sets how many people come (500;
a station serves one every two seconds, so that takes twenty minutes). The last line printed is one JSON object:

* ``press_to_decision_p95_ms``: from the press of "Use my face" until the answer is on the screen. The camera
  is off before.
* ``ready_ms``: from the navigation until the station can be pressed, 95th percentile of ten loads.
* ``enrol_kb``: what the first load of ``/enrol`` transfers until somebody has ticked; the on-device model comes later.
* ``heap_growth``: share by which the page's JavaScript heap grew from the 20th to the last session, after collection.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.filled_server import Filled, filled_server, last_line
from demo.portraits import portraits
from playwright.sync_api import CDPSession, Page, sync_playwright
from support.browser import ARGUMENTS, CHROMIUM
from support.films import STRAIGHT, film, placed, wall

from visavis.client import ConsentLink, Visavis
from visavis.wire.setup import StationRequest

ROOT: Final = Path(__file__).parents[2]
SESSIONS: Final = int(os.environ.get("VISAVIS_BENCH_SESSIONS", "500"))
WARM: Final = 20
LOADS: Final = 10
PACE_S: Final = 2.1

_PRESS: Final = """() => new Promise((resolve, reject) => {
  const answer = document.getElementById("answer"), begun = performance.now();
  const done = () => { watch.disconnect(); resolve(performance.now() - begun); };
  const watch = new MutationObserver(() => answer.hidden || requestAnimationFrame(done));
  watch.observe(answer, { attributes: true, attributeFilter: ["hidden"] });
  const shown = () => document.querySelector("[data-part]:not([hidden])").innerText;
  setTimeout(() => reject(new Error("no answer: " + shown())), 20000);
  document.getElementById("face").click();
})"""
_READY: Final = """() => new Promise((resolve) => {
  const look = () => document.getElementById("idle").hidden ? requestAnimationFrame(look) : resolve(performance.now());
  look();
})"""
_WEIGHS: Final = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, one) => sum + one.transferSize, 0)"""


def main() -> None:
    """Measure, and print the figures."""
    photo = portraits(ROOT / ".work" / "portraits")[STRAIGHT]
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch,
        filled_server(Path(scratch), subjects=500, photos_each=1, stations=1) as server,
        sync_playwright() as playwright,
    ):
        camera = film(Path(scratch) / "face.y4m", [placed(wall(), STRAIGHT)])
        seen = [*ARGUMENTS, f"--use-file-for-fake-video-capture={camera}", "--enable-precise-memory-info"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=seen)
        with Visavis(base_url=server.url, api_key=server.api_key) as operator:
            enrolled(operator, server, photo)
            weight = weighed(browser.new_page(), operator, server)
            page = browser.new_page()
            pair(page, operator, server)
            ready = [loaded(page, server) for _ in range(LOADS)]
            took, growth = served(page)
        browser.close()
    last_line(
        {
            "press_to_decision_p95_ms": round(statistics.quantiles(took, n=20)[-1]),
            "ready_ms": round(statistics.quantiles(ready, n=20)[-1]),
            "enrol_kb": round(weight / 1000, 1),
            "heap_growth": round(growth, 3),
            "press_to_decision_p50_ms": round(statistics.median(took)),
            "sessions": len(took),
        }
    )


def enrolled(operator: Visavis, server: Filled, photo: bytes) -> None:
    """The person in front of the camera is among the gallery's people; the act of agreeing is played."""
    pending = operator.enrol(server.gallery_id, external_reference="in front of the camera", photos=[photo])
    with ConsentLink(pending.consent_link) as asked:
        asked.countersign(asked.prepare(asked.terms()))


def weighed(page: Page, operator: Visavis, server: Filled) -> float:
    """Bytes that the page transfers on which somebody enrols at home, in a browser that never saw it.

    Everything until they agree and go on; what takes photos comes after that.
    """
    invited = operator.invite_to_enrol(server.gallery_id, external_reference="somebody at home")
    page.goto(invited.enrol_link)
    page.locator("#ask").wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("#agree").check()
    found = float(page.evaluate(_WEIGHS))
    page.close()
    return found


def pair(page: Page, operator: Visavis, server: Filled) -> None:
    """Make the page a station."""
    request = StationRequest(name="Bench", gallery_id=server.gallery_id, attended=True)
    code = operator.offer_pairing(operator.register_station(request).id).code
    page.goto(f"{server.url}/station")
    page.locator("#code").fill(code)
    page.locator("#pairing-form button").click()
    page.locator("#idle").wait_for()


def loaded(page: Page, server: Filled) -> float:
    """Milliseconds from the navigation until the page can be pressed."""
    page.goto(f"{server.url}/station", wait_until="commit")
    return float(page.evaluate(_READY))


def served(page: Page) -> tuple[list[float], float]:
    """Milliseconds of each session, and how much the heap grew, as a share."""
    cdp = page.context.new_cdp_session(page)
    took: list[float] = []
    before = 0.0
    for number in range(SESSIONS):
        begun = time.monotonic()
        took.append(float(page.evaluate(_PRESS)))
        if (told := page.locator("#answer").get_attribute("data-decision")) != "MATCH":
            sys.exit(f"Session {number + 1} was answered {told}: {page.locator('#answer').inner_text()}")
        page.locator("#done").click()
        page.locator("#idle").wait_for()
        if number + 1 == min(WARM, SESSIONS - 1):
            before = heap(cdp)
        time.sleep(max(0.0, PACE_S - (time.monotonic() - begun)))
        if (number + 1) % 25 == 0:
            print(f"{number + 1} of {SESSIONS}", file=sys.stderr)
    return took, heap(cdp) / before - 1


def heap(cdp: CDPSession) -> float:
    """Bytes of the page's JavaScript heap, after collection."""
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    told: dict[str, Any] = cdp.send("Runtime.getHeapUsage")
    return float(told["usedSize"])


if __name__ == "__main__":
    main()
