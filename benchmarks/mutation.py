"""How many small faults in consent/, decide/ and protect/ their own tests notice: mutmut's score as one JSON line.

A copy of the checkout is mutated, not the checkout; ``mutmut browse`` in the copy shows what survived. Every mutant
counts, those too that change nothing anybody could observe.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / ".work" / "mutation"
COPIED = ("src", "tests", "spec", "models", "pyproject.toml")


def main() -> None:
    """Copy, mutate, count."""
    _copy()
    os.nice(10)  # takes minutes; whoever sits at the machine goes first
    mutmut = [sys.executable, "-m", "mutmut"]
    run = subprocess.run([*mutmut, "run"], cwd=COPY, stdout=sys.stderr, check=False)
    if run.returncode:
        sys.exit(run.returncode)
    subprocess.run([*mutmut, "export-cicd-stats"], cwd=COPY, stdout=sys.stderr, check=True)
    found = json.loads((COPY / "mutants" / "mutmut-cicd-stats.json").read_text())
    shown = {name: found[name] for name in ("killed", "survived", "timeout", "no_tests", "suspicious", "total")}
    print(json.dumps({"mutation_score": round(100 * found["killed"] / found["total"], 1), **shown}))


def _copy() -> None:
    """The checkout as it is now, and no result of before: mutmut would let it stand whatever tests were added."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, COPY / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        else:
            shutil.copy2(source, COPY / name)


if __name__ == "__main__":
    main()
