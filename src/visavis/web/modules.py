"""What the pages run: modules that Vite built, named by the manifest that it left."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

from visavis.model.configuration import PagesMissing

_WEB: Final = Path(__file__).parent
STATIC: Final = _WEB / "static"
_MANIFEST: Final = STATIC / "js" / "manifest.json"
_MADE_OF: Final = (
    ("pages", "*.html"),
    ("texts", "*.json"),
    ("static", "*.css"),
    ("static", "*.js"),
    ("static/js", "manifest.json"),
)
_AT: Final = "/static/js/"


def scripts(module: str) -> Markup:
    """The tags by which a page loads ``module`` of ``browser/src`` and, at the same time, all that it imports.

    :raises PagesMissing: it was not built.
    """
    first, *others = _needed(module)
    ahead = Markup("").join(Markup('<link rel="modulepreload" href="{}">').format(_AT + file) for file in others)
    return Markup('<script type="module" src="{}"></script>').format(_AT + first) + ahead


def pages_stamp() -> str:
    """A digest of all that the pages are made of: a page that is open can tell whether it still is one of them.

    Templates, texts, styles and modules; what others wrote has its digest in its name, and the manifest names it.
    """
    return _stamp_of(_MANIFEST.stat().st_mtime_ns if _MANIFEST.exists() else 0)


@lru_cache(maxsize=1)
def _stamp_of(_built_at: int) -> str:
    found = hashlib.sha256()
    for folder, kind in _MADE_OF:
        for path in sorted((_WEB / folder).rglob(kind)):
            name = path.relative_to(_WEB).as_posix()
            if "/vendor/" not in name:
                found.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:16]


@lru_cache
def _needed(module: str) -> list[str]:
    """The file of ``module`` and of everything that it imports as it starts, each once."""
    try:
        manifest = json.loads(_MANIFEST.read_text())
    except FileNotFoundError:
        raise PagesMissing(f"There is no {_MANIFEST}.") from None
    source = {entry.get("name"): key for key, entry in manifest.items() if entry.get("isEntry")}
    found: dict[str, None] = {}
    waiting = [source[module]]
    while waiting:
        entry = manifest[waiting.pop(0)]
        if entry["file"] not in found:
            found[entry["file"]] = None
            waiting += entry.get("imports", [])
    return list(found)
