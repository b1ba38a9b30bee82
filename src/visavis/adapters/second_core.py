"""A second process that hashes a log's entries while the first one reads them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

from visavis.audit.verify import Finding, Piece, Share, check_here, check_pieces

_QUEUED: Final = 2
"""Batches handed over and not done, after which the first process does one itself: neither waits for the other."""


@contextmanager
def second_core() -> Iterator[Share]:
    """A ``Share`` of the work of checking a log; without a second core, or beside threads, it is all done here.

    The process is a fork, which starts at once. A fork copies locks as they are, so there is none where another thread
    could hold one.
    """
    if len(os.sched_getaffinity(0)) == 1 or threading.active_count() > 1:
        yield check_here
        return
    ignoring = (signal.SIGINT, signal.SIG_IGN)  # who interrupts the first process ends both
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=fork, initializer=signal.signal, initargs=ignoring) as pool:
        pool.submit(check_pieces, []).result()
        try:
            yield _Sharing(pool)
        finally:
            pool.shutdown(cancel_futures=True)


class _Sharing:
    """See ``audit.verify.Share``."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self._pending: list[Future[Finding | None]] = []

    def __call__(self, pieces: Sequence[Piece]) -> Callable[[], Finding | None]:
        self._pending = [future for future in self._pending if not future.done()]
        if len(self._pending) >= _QUEUED:
            return check_here(pieces)
        try:
            future = self._pool.submit(check_pieces, pieces)
        except BrokenProcessPool:
            return check_here(pieces)
        self._pending.append(future)

        def finding() -> Finding | None:
            try:
                return future.result()
            except BrokenProcessPool:
                return check_pieces(pieces)

        return finding
