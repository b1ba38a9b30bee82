"""The composition root of what an auditor runs.

Whoever checks a log has no server, no data directory and no models; nothing of those is loaded here.
"""

from collections.abc import Callable

from visavis.adapters.log_source import LogSource, open_source
from visavis.audit.checkpoint import Signed, Trust
from visavis.audit.leaf import Entry
from visavis.audit.verify import Audit, Known

__all__ = ["LogSource", "audit", "open_source"]


def audit(
    source: LogSource,
    *,
    trust: Trust,
    known: Known | None = None,
    seen: Callable[[Entry], None] | None = None,
    head: Callable[[Signed], None] = lambda _: None,
    advanced: Callable[[int], None] = lambda _: None,
) -> Known:
    """Check a log from what is known on; see ``audit.verify.Audit``.

    :param head: told of the checkpoint, which may be believed, before anything else is looked at.
    :returns: what to remember.
    :raises LogRefused: as ``Audit.run``.
    """
    look = Audit(source.fetch, trust, known, each=source.each, seen=seen, advanced=advanced)
    head(look.head())
    return look.run()
