"""The composition root of what an auditor runs: beside ``bootstrap`` the only importer of adapters.

Whoever checks a log has no server, no data directory and no models; nothing of those is loaded here.
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

from visavis.adapters.log_source import LogSource, open_source
from visavis.adapters.second_core import second_core
from visavis.audit.checkpoint import Signed, Trust
from visavis.audit.leaf import Entry
from visavis.audit.verify import Audit, Known, check_here

__all__ = ["LogSource", "audit", "open_source"]

_WORTH_A_PROCESS: Final = 20_000
"""Entries from which on a second process saves more time than its start takes."""


def audit(
    source: LogSource,
    *,
    trust: Trust,
    known: Known | None = None,
    seen: Callable[[Entry], None] | None = None,
    head: Callable[[Signed], None] = lambda _: None,
    advanced: Callable[[int], None] = lambda _: None,
) -> Known:
    """Check a log from what is known on; see ``audit.verify.Audit``. A large one is checked by two processes.

    :param head: told of the checkpoint, which may be believed, before anything else is looked at.
    :returns: what to remember.
    :raises LogRefused: as ``Audit.run``.
    """
    look = Audit(source.fetch, trust, known, each=source.each, seen=seen, advanced=advanced)
    signed = look.head()
    new = signed.checkpoint.size - (0 if known is None else known.checkpoint.size)
    with second_core() if new >= _WORTH_A_PROCESS else nullcontext(check_here) as look.share:
        head(signed)
        return look.run()
