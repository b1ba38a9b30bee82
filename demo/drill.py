"""``make drill``: the sample portraits laid out as ``visavis drill`` takes them, and the drill itself."""

import os
import sys

from demo.portraits import portraits
from demo.run import WORK
from demo.server import VISAVIS

PEOPLE = {
    "1 stays": ("biden.jpg",),
    "2 withdraws": ("obama.jpg", "obama3.jpg", "obama2.jpg"),
    "3 never answers": ("astronaut.png",),
}
"""Whose photos play whom, the last one for the station."""


def main() -> None:
    """Lay the photos out, and become the drill with the options that were given."""
    photos = portraits(WORK / "portraits")
    folder = WORK / "drill-photos"
    for person, names in PEOPLE.items():
        (folder / person).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            (folder / person / f"{number}-{name}").write_bytes(photos[name])
    os.execv(VISAVIS, [VISAVIS, "drill", "--photos", str(folder), *sys.argv[1:]])  # noqa: S606 -- our own program


if __name__ == "__main__":
    main()
