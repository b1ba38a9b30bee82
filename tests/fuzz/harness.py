"""What the fuzzing programs share. They are started in ``tests``: ``python -m fuzz.photos -max_total_time=300``.

They are programs for atheris (libFuzzer for Python), not tests that pytest collects. Arguments are libFuzzer's. What
was found interesting is kept in ``.work/fuzz``, so that the next run goes on from there; an input that breaks the
invariant is written there as ``…-crash-…``.

The invariant is one: for any bytes, the code under test returns, or raises a named error of ours.
"""

import hashlib
import importlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / ".work" / "fuzz"

# Only make fuzz installs it; the type checker and the linters do without.
atheris: Final[Any] = importlib.import_module("atheris")


def fuzz(name: str, once: Callable[[bytes], None], *, seeds: Iterable[bytes], max_len: int) -> None:
    """Run until the time in the arguments is over, or something breaks."""
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    limits = [f"-max_len={max_len}", "-timeout=30", "-rss_limit_mb=4096", f"-artifact_prefix={FOLDER}/{name}-"]
    atheris.Setup([sys.argv[0], *limits, *sys.argv[1:], str(corpus)], once)
    atheris.Fuzz()
