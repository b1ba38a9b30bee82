"""Who brings people in who never agreed, or who withdrew."""

import csv
import subprocess
import sys
from typing import Final

from visavis.client import NamedPhoto, VisavisProblem
from visavis.drill.attack import Attack, Got
from visavis.drill.people import ASKED, GONE, KEPT
from visavis.drill.scene import Scene
from visavis.drill.server import Server

_PROGRAM: Final = (sys.executable, "-c", "from visavis.cli.main import main; main()")
_TIMEOUT_S: Final = 120


def _forged(scene: Scene) -> Got:
    """A table of people with consents that somebody made up, brought in with an enroller's key."""
    folder = scene.scratch("table")
    twin = scene.twin()
    table = folder / "people.csv"
    columns = (
        "external_reference",
        "photo",
        "state",
        "consent",
        "consented_at",
        "receipt",
        "public_key",
        "countersignature",
    )
    forged = ("ACTIVE", "yes", "2026-01-01T00:00:00Z", "rec_" + "a" * 26, "A" * 43, "eyJhbGciOiJub25lIn0.e30.")
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        for name in (ASKED, GONE):
            (folder / f"{name[:8]}.jpg").write_bytes(scene.people[name].enrolled[0])
            rows.writerow((f"invented {name}", f"{name[:8]}.jpg", *forged))
    with scene.serving(twin) as server:
        ran = subprocess.run(  # noqa: S603 -- our own program
            [*_PROGRAM, "import", "run", str(table), "--gallery", scene.gallery_id],
            env={**twin.environment(server.port), "VISAVIS_API_KEY": scene.scope_keys["enrol"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        states = [row[0] for row in twin.sql("SELECT state FROM subjects ORDER BY created_at DESC LIMIT 2")]
        usable = _known(scene, server, (ASKED, GONE))
    active = sum(state == "ACTIVE" for state in states[:2] if ran.returncode == 0)
    did = (
        "Brought in a table whose rows say that people consented, with receipts and keys that he invented: exit code "
        f"{ran.returncode}; the two newest people are {' and '.join(states)}."
    )
    return Got(
        did=(did,),
        usable=(*usable, *([f"{active} people who count as having agreed"] if active else [])),
    )


def _again(scene: Scene) -> Got:
    """Who withdrew is enrolled and imported again, under their old name and a new one."""
    twin = scene.twin()
    gone = scene.people[GONE]
    refused = []
    with scene.serving(twin) as server, server.operator(scene.scope_keys["enrol"]) as operator:
        for name in (GONE, f"{GONE} again"):
            try:
                operator.enrol(scene.gallery_id, external_reference=name, photos=list(gone.enrolled))
            except VisavisProblem as problem:
                refused.append(problem.code)
        swept = operator.open_import(scene.gallery_id, name="the next sweep")
        photos = [NamedPhoto(f"{number}.jpg", photo) for number, photo in enumerate(gone.enrolled)]
        for name in (GONE, f"{GONE} once more"):
            try:
                operator.bring(swept.id, external_reference=name, photos=photos)
            except VisavisProblem as problem:
                refused.append(problem.code)
        usable = _known(scene, server, (GONE,))
    besides = "They wait for the person's word, unknown to the matcher"
    return Got(
        did=("Enrolled and imported somebody again who had withdrawn, under their name and under new ones.",),
        usable=usable,
        besides=(f"{besides}; refused: {', '.join(sorted(set(refused)))}." if refused else f"{besides}.",),
    )


def _known(scene: Scene, server: Server, names: tuple[str, ...]) -> tuple[str, ...]:
    found = [name for name in names if scene.whom(server, scene.people[name].probe) is not None]
    if not found and scene.whom(server, scene.people[KEPT].probe) != KEPT:
        return ("nothing, but who agreed was not recognised either",)
    return tuple("a station recognises somebody without their consent" for _ in found)


ATTACKS: Final = (
    Attack(
        name="forged_consents",
        title="A table of people with invented consents",
        case="Clearview AI, 2020: billions of faces of whom nobody was asked",
        had="An enroller's API key, photos, and a spreadsheet that says they all agreed.",
        act=_forged,
    ),
    Attack(
        name="enrolled_again",
        title="Who withdrew is brought in again by the next sweep",
        case="encontrados issue 213: withdrawn faces were indexed again by the next sweep",
        had="An enroller's API key, and the photos of somebody who withdrew.",
        act=_again,
    ),
)
"""All who bring people in."""
