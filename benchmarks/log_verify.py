"""How fast an auditor checks a log: everything in it, and what was added since the last time.

``python -m benchmarks.log_verify [ENTRIES]``. The log is made here, of what a server's days look like; see
``tests/support/log_builder.py``.
"""

import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.log_builder import LogBuilder, Story  # noqa: E402 -- after the tests' own modules can be found

from visavis import bootstrap_audit  # noqa: E402 -- as above
from visavis.audit.checkpoint import Trust  # noqa: E402 -- as above
from visavis.audit.remember import Memory, read_memory, write_memory  # noqa: E402 -- as above
from visavis.audit.verify import read_head  # noqa: E402 -- as above

ADDED = 1000
ROUNDS = 5


def measure(entries: int = 100_000) -> dict[str, float]:
    """Entries a second with all checks on, and milliseconds for ``ADDED`` more with a remembered checkpoint.

    Both are medians of ``ROUNDS`` rounds; the second one is from the file of what is remembered to the next such file.
    What a second of one core would do stands beside them: on a machine that is busy with other things it says more.
    """
    (ROOT / ".work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch:
        story = Story().entries()
        log = LogBuilder(Path(scratch)).add(itertools.islice(story, entries))
        log.publish()
        trust, took, worked, took_more = Trust(log.signer.key), [], [], []
        with bootstrap_audit.open_source(scratch) as source:
            for _ in range(ROUNDS):
                begun, begun_work = time.perf_counter(), time.process_time()
                known = bootstrap_audit.audit(source, trust=trust)
                took.append(time.perf_counter() - begun)
                worked.append(time.process_time() - begun_work)
            memory = write_memory(Memory(read_head(source.fetch, trust=trust), known), log=trust.log)
            for _ in range(ROUNDS):
                log.add(itertools.islice(story, ADDED)).publish()
                begun = time.perf_counter()
                known = bootstrap_audit.audit(source, trust=trust, known=read_memory(memory, log=trust.log).known)
                memory = write_memory(Memory(read_head(source.fetch, trust=trust), known), log=trust.log)
                took_more.append(time.perf_counter() - begun)
    return {
        "verify_entries_per_s": round(entries / statistics.median(took)),
        "verify_entries_per_core_s": round(entries / statistics.median(worked)),
        "incremental_ms": round(statistics.median(took_more) * 1000, 1),
    }


def main() -> None:
    """Measure, and print the figures."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(json.dumps({**measure(entries), "entries": entries, "added": ADDED}))


if __name__ == "__main__":
    main()
