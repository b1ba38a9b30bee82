"""Workers kept ready, so that a photo never waits for one to start."""

import os
import select
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from visavis.adapters.decoding.process import COMMAND, Worker
from visavis.model.errors import ImageRefused
from visavis.model.image import MAX_BYTES, DecoderUnavailable, Frame, ImageTooLarge

AT_ONCE: Final = 2
"""Photos decoded at the same time, where there are as many cores: each may take a gigabyte."""

SPARE: Final = 1
"""Workers that wait for another to fall, so that nobody waits for the third of a second in which one starts."""

PHOTO_S: Final = 20.0
"""Seconds that one photo may take from asking to answer: twice a worker's processor time, for a busy machine."""

WAIT_S: Final = 30.0
"""Seconds that a photo waits for its turn."""

PHOTOS_EACH: Final = 2000
"""Photos after which a worker is replaced: what leaks ends, and so does what somebody may have put there."""

_START_S: Final = 30.0
_GIVE_UP_AFTER: Final = 3
"""Workers in a row that did not start, after which photos are refused instead of kept waiting."""

_RETRY_S: Final = 2.0
"""Seconds between attempts after that."""


class DecodingPool:
    """A ``Decoder`` whose work is done by worker processes; see ``visavis.capture.decoder`` for what it promises.

    A worker that crashed, took too long, took too much memory, answered nonsense or has decoded ``photos_each`` photos
    is ended and replaced. One thread starts all workers and watches for those that die idle.

    :param at_once: photos decoded at the same time; more wait. By default two, or one on a single core.
    :param photo_s: seconds that one photo may take.
    :param wait_s: seconds that a photo waits for its turn.
    :param photos_each: photos after which a worker is replaced.
    :param command: what is started as a worker.
    """

    def __init__(
        self,
        *,
        at_once: int | None = None,
        photo_s: float = PHOTO_S,
        wait_s: float = WAIT_S,
        photos_each: int = PHOTOS_EACH,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._at_once = at_once or min(AT_ONCE, len(os.sched_getaffinity(0)))
        self._photo_s = photo_s
        self._wait_s = wait_s
        self._photos_each = photos_each
        self._command = command
        self._changed = threading.Condition()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._starting: list[Worker] = []
        self._failures = 0
        self._closed = False
        self._bell: int | None = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._keeper = threading.Thread(target=self._keep, name="decoding", daemon=True)
        self._keeper.start()

    @property
    def at_once(self) -> int:
        """How many photos are decoded at the same time."""
        return self._at_once

    def __call__(self, photo: bytes, /) -> Frame:
        """The picture in ``photo``.

        1. The photo is not larger than a worker takes.
        2. A worker is free, or becomes free in time.
        3. It decodes the photo, or falls over it and is replaced.

        :raises ImageTooLarge: check 1. :raises DecoderUnavailable: check 2. :raises ImageRefused: check 3.
        """
        # 1
        if len(photo) > MAX_BYTES:
            raise ImageTooLarge(f"The file has {len(photo)} bytes.")
        # 2
        worker = self._take()
        # 3
        try:
            return worker.decode(photo, within_s=self._photo_s)
        except ImageRefused:
            if self._closed:
                raise DecoderUnavailable from None
            raise
        finally:
            self._give_back(worker)

    def pids(self) -> list[int]:
        """The process ids of the workers that are ready or decoding."""
        with self._changed:
            return sorted(worker.pid for worker in [*self._idle, *self._busy])

    def close(self) -> None:
        """End all workers. Photos that are being decoded are refused, and so are all that come later."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._ring()
            for worker in [*self._starting, *self._busy]:
                worker.kill()
        self._keeper.join()

    def _take(self) -> Worker:
        end = time.monotonic() + self._wait_s
        with self._changed:
            while True:
                if self._closed or self._is_hopeless():
                    raise DecoderUnavailable
                worker = self._free()
                if worker is not None:
                    self._busy.add(worker)
                    return worker
                if not self._changed.wait(end - time.monotonic()):
                    raise DecoderUnavailable("Too many photos came at once.", retry_after_s=_RETRY_S)

    def _free(self) -> Worker | None:
        """A worker that may start now."""
        if len(self._busy) >= self._at_once:
            return None
        while self._idle:
            worker = self._idle.pop()
            if worker.is_quiet():
                return worker
            worker.end()
            self._ring()
        return None

    def _give_back(self, worker: Worker) -> None:
        with self._changed:
            self._busy.discard(worker)
            if worker.is_spent or worker.photos >= self._photos_each or self._closed:
                worker.end()
                self._ring()
            else:
                self._idle.append(worker)
            self._changed.notify_all()

    def _is_hopeless(self) -> bool:
        return self._failures >= _GIVE_UP_AFTER and not self._idle and not self._busy

    def _ring(self) -> None:
        """Have the keeper look again."""
        if self._bell is not None:
            os.eventfd_write(self._bell, 1)

    def _keep(self) -> None:
        """The keeper's thread. It lasts as long as the pool, because workers die with the thread that started them."""
        while not self._closed:
            self._start_missing()
            self._watch()
        with self._changed:
            for worker in self._idle:
                worker.end()
            self._idle.clear()
            if self._bell is not None:
                os.close(self._bell)
                self._bell = None

    def _start_missing(self) -> None:
        for _ in range(self._missing()):
            try:
                worker = Worker(self._command)
            except OSError:
                self._started(None)
                continue
            with self._changed:
                self._starting.append(worker)
                if self._closed:
                    worker.kill()
        while self._starting:
            is_ready = self._starting[0].is_ready(within_s=_START_S)
            with self._changed:
                worker = self._starting.pop(0)
            if not is_ready:
                worker.end()
            self._started(worker if is_ready else None)

    def _started(self, worker: Worker | None) -> None:
        """Take a new worker in, or note that there is none."""
        with self._changed:
            self._failures = 0 if worker else self._failures + 1
            if worker:
                self._idle.append(worker)
            self._changed.notify_all()

    def _missing(self) -> int:
        with self._changed:
            return 0 if self._closed else self._at_once + SPARE - len(self._idle) - len(self._busy)

    def _watch(self) -> None:
        """Wait until a worker dies, the bell rings, or it is time for another attempt to start one."""
        poll = select.poll()
        with self._changed:
            if self._bell is not None:
                poll.register(self._bell, select.POLLIN)
            for worker in [*self._idle, *self._busy]:
                poll.register(worker.death, select.POLLIN)
            attempt_s = None if not self._missing() else _RETRY_S if self._failures >= _GIVE_UP_AFTER else 0.0
        poll.poll(None if attempt_s is None else attempt_s * 1000)
        with self._changed:
            if self._bell is not None:
                with suppress(BlockingIOError):
                    os.eventfd_read(self._bell)
            # Of a busy one, its caller notices.
            for worker in [worker for worker in self._idle if not worker.is_quiet()]:
                self._idle.remove(worker)
                worker.end()
