"""The main job, seen: a real server, real photographs, and every answer compared with what it has to be.

The people in the photographs did not consent to anything: the demo plays their part, says so, and everything it made is
erased when it ends.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from demo.portraits import portraits
from demo.server import VISAVIS, running
from PIL import Image
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from visavis.client import (
    ConsentLink,
    GrantLink,
    Person,
    Receipt,
    StationClient,
    Visavis,
    load_station_key,
    make_station_key,
    public_key_text,
)
from visavis.wire.deciding import DecisionAnswer
from visavis.wire.people import OtherWay
from visavis.wire.setup import PurposeRequest, StationRequest

WORK = Path(__file__).parents[1] / ".work"
PACE_S = 2.1
"""A station serves one person every two seconds at most."""

TEXT = """We open the door for you when our station recognises your face.
We keep one template of each photo you enrol, sealed with a key of your own; no photo is kept.
When you agree, your template is compared once with the others in this gallery, to notice somebody enrolled twice.
At night they are compared with each other, to measure how alike people are; only rates are kept.
If you look like somebody here, you are both asked for a PIN or QR code beside your face.
You can withdraw at any time; from then on nothing recognises you. A PIN or a QR code opens the door as well."""

CHECK_TEXT = "We compare your face with the picture in your document, once. Neither picture is kept."

console = Console(width=None if sys.stdout.isatty() else 120)


@dataclass
class Demo:
    """One run: what happened so far, and who did it."""

    operator: Visavis
    door: StationClient
    desk: StationClient
    gallery_id: str
    url: str
    rows: list[tuple[str, str, str, float]] = field(default_factory=list)

    def expect(self, what: str, expected: str, act: Callable[[], str]) -> None:
        """Run one step, time it and keep what came of it."""
        begun = time.perf_counter()
        got = act()
        self.rows.append((what, expected, got, (time.perf_counter() - begun) * 1000))
        console.print(f"  {'✓' if got == expected else '✗'} {what}: {got}", highlight=False)

    def decide(self, what: str, expected: str, kind: str, act: Callable[[str], DecisionAnswer]) -> None:
        """Open a session at the door, then run and time the decision in it."""
        time.sleep(PACE_S)
        session = self.door.open_session("verify" if kind == "verify" else "identify")
        self.expect(what, expected, lambda: spoken(act(session.session_id)))

    def enrol(self, name: str, photo: bytes) -> str:
        """Enrol somebody; returns the link that belongs to them alone."""
        answer = self.operator.enrol(self.gallery_id, external_reference=name, photos=[photo])
        console.print(f"  · {name}: enrolled, answer 202 {answer.status}")
        return answer.consent_link


def spoken(answer: DecisionAnswer) -> str:
    """A decision in a few words."""
    person = f" {answer.subject.external_reference}" if answer.subject else ""
    reason = f" ({answer.reason})" if answer.reason else ""
    return f"{answer.decision}{person}{reason}"


def seen(person: Person) -> str:
    """What the server says it holds, in a few words."""
    held = person.me()
    return f"{held.state}, {len(held.references)} template"


def own_log(person: Person) -> str:
    """What the log says about somebody, everything checked, in a few words."""
    time.sleep(PACE_S)  # it is published every second
    entries = person.log().entries
    return f"{len(entries)} entries, {sum(entry.proof is not None for entry in entries)} proven"


def withdrawn(person: Person) -> str:
    """Withdraw, and say that it is done."""
    person.withdraw()
    return "done"


def countersign(link: str, folder: Path) -> tuple[Receipt, OtherWay]:
    """Play the person: read, agree, keep the receipt."""
    with ConsentLink(link) as consent:
        receipt = consent.prepare(consent.terms())
        receipt.save(folder / f"{receipt.subject_id}.receipt.json")
        agreed = consent.countersign(receipt)
    if agreed.other_way is None:
        sys.exit("The person was given no other way in.")
    return receipt, agreed.other_way


def side_by_side(first: bytes, second: bytes) -> bytes:
    """Two people in one picture, their heads about the same size."""
    pictures = [Image.open(io.BytesIO(photo)).convert("RGB") for photo in (first, second)]
    pictures = [picture.resize((600, round(picture.height * 600 / picture.width))) for picture in pictures]
    joined = Image.new("RGB", (1200, max(picture.height for picture in pictures)))
    for at, picture in enumerate(pictures):
        joined.paste(picture, (600 * at, 0))
    out = io.BytesIO()
    joined.save(out, "JPEG", quality=92)
    return out.getvalue()


def story(demo: Demo, photos: dict[str, bytes], folder: Path) -> None:
    """What the demo shows, in order."""
    console.print(Panel("SIMULATED CONSENT: these people agreed to nothing; the demo plays their part.", style="bold"))
    obama_link = demo.enrol("Barack Obama", photos["obama.jpg"])
    biden_link = demo.enrol("Joe Biden", photos["biden.jpg"])

    def at_door(photo: bytes) -> Callable[[str], DecisionAnswer]:
        return lambda session: demo.door.identify(session, photo=photo)

    demo.decide("Obama, enrolled but not yet agreed", "NO_MATCH", "identify", at_door(photos["obama2.jpg"]))
    obama, other_way = countersign(obama_link, folder)
    countersign(biden_link, folder)
    console.print("  · both countersigned with keys of their own (simulated consent)")
    demo.decide("Obama, second photo", "MATCH Barack Obama", "identify", at_door(photos["obama2.jpg"]))
    demo.decide("Obama, third photo", "MATCH Barack Obama", "identify", at_door(photos["obama3.jpg"]))
    demo.decide(
        "Biden says he is Biden (the SAME photo as enrolled)",
        "MATCH Joe Biden",
        "verify",
        lambda s: demo.door.verify(s, photo=photos["biden.jpg"], external_reference="Joe Biden"),
    )
    demo.decide(
        "Biden says he is Obama",
        "NO_MATCH",
        "verify",
        lambda s: demo.door.verify(s, photo=photos["biden.jpg"], external_reference="Barack Obama"),
    )
    demo.decide("A stranger (astronaut Collins)", "NO_MATCH", "identify", at_door(photos["astronaut.png"]))
    crowd = side_by_side(photos["obama2.jpg"], photos["biden.jpg"])
    demo.decide("Two people in one picture", "REFUSED (several_faces)", "identify", at_door(crowd))
    demo.decide(
        "Obama without his face: PIN",
        "MATCH Barack Obama",
        "identify",
        lambda s: demo.door.pin(s, external_reference="Barack Obama", pin=other_way.pin),
    )
    demo.decide(
        "Obama without his face: QR", "MATCH Barack Obama", "identify", lambda s: demo.door.qr(s, qr=other_way.qr)
    )
    demo.expect("Document check, granted by its holder", "MATCH", lambda: checked(demo, photos))
    with Person(obama) as person:
        demo.expect("Obama sees what is held", "CONSENTED, 1 template", lambda: seen(person))
        demo.expect("Obama sees who looked, with proof", "8 entries, 8 proven", lambda: own_log(person))
        demo.expect("Obama withdraws", "done", lambda: withdrawn(person))
    demo.decide("Obama after his withdrawal", "NO_MATCH", "identify", at_door(photos["obama2.jpg"]))
    demo.expect("An auditor checks the log, without trusting the server", "it checks out", lambda: audited(demo.url))


def checked(demo: Demo, photos: dict[str, bytes]) -> str:
    """A portrait against the picture in a document."""
    session = demo.desk.open_session("document_check")
    with GrantLink(str(session.grant_link)) as grant:
        grant.grant(grant.terms())
    answer = demo.desk.document_check(session.session_id, portrait=photos["obama3.jpg"], document=photos["obama.jpg"])
    return spoken(answer)


def audited(url: str) -> str:
    """What somebody finds who has the log's key and checks everything in the log, in a program of their own."""
    time.sleep(PACE_S)  # it is published every second
    with httpx2.Client() as http:
        key = http.get(f"{url}/log/key").text.strip()
    command = [VISAVIS, "--json", "audit", "verify", f"{url}/log", "--log-key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    console.print(f"  · the log has {json.loads(done.stdout)['entries']} entries", highlight=False)
    return "it checks out"


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, str]]:
    """A real server in a process of its own; gives its address and first API key."""
    port = os.environ.get("VISAVIS_DEMO_PORT", "8642")
    settings = {
        "VISAVIS_DATA_DIR": str(folder / "data"),
        "VISAVIS_KEY_FILE": str(folder / "keys" / "root.key"),
        "VISAVIS_PORT": port,
    }
    environment = {**os.environ, **settings}
    made = subprocess.run([VISAVIS, "--json", "init"], env=environment, check=True, capture_output=True, text=True)
    url = f"http://127.0.0.1:{port}"
    with running(settings, url=url):
        yield url, json.loads(made.stdout)["api_key"]


def set_up(operator: Visavis, url: str, folder: Path) -> Demo:
    """Purposes, a gallery and two stations."""
    door_purpose = PurposeRequest(
        name="Staff door",
        controller="Acme Demo",
        contact="privacy@acme.example",
        jurisdiction="NL",
        text=TEXT,
        retention_days=30,
        target_kind="fpir",
        target=0.01,
    )
    check_purpose = door_purpose.model_copy(
        update={"name": "Document check", "text": CHECK_TEXT, "target_kind": "fmr", "target": 1e-4}
    )
    gallery = operator.open_gallery(name="Staff", purpose_id=operator.state_purpose(door_purpose).id)

    def station(name: str, *, gallery_id: str | None = None, purpose_id: str | None = None) -> StationClient:
        path = folder / f"{name}.pem"
        make_station_key(path)
        key = load_station_key(path)
        request = StationRequest(
            name=name, gallery_id=gallery_id, purpose_id=purpose_id, public_key=public_key_text(key), attended=True
        )
        registered = operator.register_station(request)
        return StationClient(base_url=url, station_id=registered.id, private_key=key)

    return Demo(
        operator=operator,
        door=station("Door", gallery_id=gallery.id),
        desk=station("Desk", purpose_id=operator.state_purpose(check_purpose).id),
        gallery_id=gallery.id,
        url=url,
    )


def report(demo: Demo) -> bool:
    """Print what was expected and what came; true if nothing differs."""
    table = Table(title="Visavis demo")
    for column in ("step", "expected", "got"):
        table.add_column(column)
    table.add_column("ms", justify="right")
    for what, expected, got, milliseconds in demo.rows:
        style = "" if got == expected else "bold red"
        table.add_row(what, expected, got, f"{milliseconds:.0f}", style=style)
    console.print(table)
    return all(expected == got for _, expected, got, _ in demo.rows)


def show_page(demo: Demo, url: str, photos: dict[str, bytes]) -> None:
    """Leave a link open for whoever watches, if somebody does."""
    link = demo.enrol("You, at the keyboard", photos["astronaut.png"])
    console.print(f"\nRead a purpose and countersign in a browser: {link}", soft_wrap=True)
    console.print(f"All pages: {url}/", soft_wrap=True)
    if sys.stdin.isatty():
        console.input("Press Enter to stop the server and erase everything the demo made. ")


def main() -> int:
    """Run the demo; 1 if anything differs from what it has to be."""
    photos = portraits(WORK / "portraits")
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK, prefix="demo-") as scratch:
        folder = Path(scratch)
        with server(folder) as (url, key), Visavis(base_url=url, api_key=key) as operator:
            demo = set_up(operator, url, folder)
            story(demo, photos, folder)
            fine = report(demo)
            show_page(demo, url, photos)
    console.print("All as expected." if fine else "Something differs from what it has to be.")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
