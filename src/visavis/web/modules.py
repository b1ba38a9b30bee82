"""What the pages run: modules that Vite built, named by the manifest that it left."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

from visavis.model.configuration import PagesMissing

STATIC: Final = Path(__file__).parent / "static"
_MANIFEST: Final = STATIC / "js" / "manifest.json"
_AT: Final = "/static/js/"


def scripts(module: str) -> Markup:
    """The tags by which a page loads ``module`` of ``browser/src`` and, at the same time, all that it imports.

    :raises PagesMissing: it was not built.
    """
    first, *others = _needed(module)
    ahead = Markup("").join(Markup('<link rel="modulepreload" href="{}">').format(_AT + file) for file in others)
    return Markup('<script type="module" src="{}"></script>').format(_AT + first) + ahead


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
