"""The demo's photographs: taken out of two published packages, checked, and never part of this repository.

The photographs of Barack Obama and Joe Biden are public-domain official portraits among the test images of the source
distribution of ``face_recognition``; that of the astronaut Eileen Collins is NASA's, among the data of
``scikit-image``. Only these files are used; no code of either package is run.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "portraits.txt"

DIGESTS = {
    "obama.jpg": "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
    "obama2.jpg": "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
    "obama3.jpg": "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
    "biden.jpg": "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
}


def portraits(folder: Path) -> dict[str, bytes]:
    """The photographs by name, fetched into ``folder`` the first time.

    :raises SystemExit: one of them is not the file we know.
    """
    if not all((folder / name).exists() for name in DIGESTS):
        _fetch(folder)
    found = {name: (folder / name).read_bytes() for name in DIGESTS}
    for name, photo in found.items():
        if hashlib.sha256(photo).hexdigest() != DIGESTS[name]:
            sys.exit(f"{folder / name} is not the photograph we know; delete it and run the demo again.")
    return found


def _fetch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--requirement", str(REQUIREMENTS)]
        command += ["--no-binary", "face-recognition", "--no-build-isolation", "--dest", scratch]
        subprocess.run(command, check=True)
        for archive in Path(scratch).iterdir():
            _take(archive, folder)


def _take(archive: Path, folder: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            (folder / "astronaut.png").write_bytes(wheel.read("skimage/data/astronaut.png"))
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            name = Path(member.name).name
            file = tar.extractfile(member) if name in DIGESTS else None
            if file is not None:
                (folder / name).write_bytes(file.read())
