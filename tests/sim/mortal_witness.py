"""A witness that dies: killed with SIGKILL at the n-th step of what it writes down.

A step is a moment before or after a file is opened, brought to the disk or given its name, or after what was cosigned
is remembered and before it is given out. This process imports everything once and forks itself for each life that it
reads from standard input, as starting Python takes longer than most lives last.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from visavis import bootstrap_witness
from visavis.adapters.witness.state import State


class Steps:
    """Counts, and dies at the step that was asked for; 0 is never."""

    def __init__(self, die_at: int) -> None:
        self._left = die_at

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """A function with a step before it and one after."""

        def stepped(*arguments: Any, **named: Any) -> Any:
            self._step()
            done = real(*arguments, **named)
            self._step()
            return done

        return stepped

    def _step(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def live(folder: Path, port: int, die_at: int) -> None:
    """One life: serve what lies in ``folder``, as ``visavis witness serve`` does."""
    steps = Steps(die_at)
    os.fsync = steps.around(os.fsync)
    Path.replace = steps.around(Path.replace)  # type: ignore[method-assign] # that is the point
    State.keep = steps.around(State.keep)  # type: ignore[method-assign] # as above
    bootstrap_witness.serve(folder, bootstrap_witness.Place("127.0.0.1", port))


def main() -> None:
    """Fork a life for each line, say its process, and how it ended."""
    for line in sys.stdin:
        life = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(2, 1)  # what the witness logs must not stand between what this process says
                live(Path(life["folder"]), life["port"], life["die_at"])
            finally:
                sys.stderr.flush()
                os._exit(0)
        print(json.dumps({"pid": pid}), flush=True)  # noqa: T201 -- the other end of the pipe reads it
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)  # noqa: T201 -- as above


if __name__ == "__main__":
    main()
