"""Bringing people to a server, several at once, as often as it takes."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from visavis.cli.import_source import Issue, Person, Ready, issue, prepare
from visavis.client import Visavis
from visavis.client.errors import BodyTooLarge, InternalFailure, RequestInvalid
from visavis.client.trying import Retries, Timeouts
from visavis.model.bulk import EntryOutcome
from visavis.wire.bulk import EntryAnswer

PATIENCE: Final = Retries(most_tries=10, first_pause_s=0.3, longest_pause_s=61.0)
"""Bringing somebody again does no harm: a server that is started anew, or asks to wait a minute, is waited for."""

TIMEOUTS: Final = Timeouts(read_s=120.0, total_s=300.0)

_ASKED_AT_ONCE: Final = 100
_MOST_FAULTS: Final = 20
"""Faults of the server after which it is left alone."""

_ABOUT_THE_PERSON: Final = (RequestInvalid, BodyTooLarge, InternalFailure)
"""What the server says of one person's request; everything else would be said of the next one as well."""


@dataclass(slots=True)
class Tally:
    """What one run did, in people.

    Enrolled now; brought before; refused by the server; erased before; without a photo that can be read; failed.
    """

    brought: int = 0
    before: int = 0
    refused: int = 0
    erased: int = 0
    left_out: int = 0
    failed: int = 0
    photos_stored: int = 0
    issues: list[Issue] = field(default_factory=list)
    """Of this run: what was found on this side, and faults. What the server refused, it knows itself."""


class Bringing:
    """One run of an import.

    :param brought: told of everybody who is done with, now or before.
    """

    def __init__(
        self, server: Visavis, import_id: str, *, at_once: int, brought: Callable[[], None] = lambda: None
    ) -> None:
        self._server = server
        self._import_id = import_id
        self._at_once = at_once
        self._brought = brought
        self.tally = Tally()

    def run(self, people: Sequence[Person]) -> None:
        """Bring everybody who was not brought before.

        Whatever ends it early, nobody is half brought: what was answered is stored, and the next run goes on.

        :raises VisavisProblem: the server refused everybody (a full gallery, a key without the scope), or is gone.
        """
        pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="bringing")
        under_way: dict[Future[EntryAnswer], Ready] = {}
        try:
            for person in self._missing(people):
                under_way[pool.submit(self._bring, person)] = person
                if len(under_way) >= 2 * self._at_once:
                    self._settle(under_way, all_of_them=False)
            self._settle(under_way, all_of_them=True)
        finally:
            pool.shutdown(cancel_futures=True)

    def _missing(self, people: Sequence[Person]) -> Iterator[Ready]:
        """Those who were not brought yet, asked for some at a time."""
        for some in _batched(people, _ASKED_AT_ONCE):
            ready = {}
            for person in some:
                found, issues = prepare(person)
                self.tally.issues += issues
                if found is None:
                    self.tally.left_out += 1
                    self._brought()
                else:
                    ready[found.digest] = found
            missing = self._server.missing(self._import_id, digests=list(ready)).digests if ready else []
            for digest in ready.keys() - set(missing):
                del ready[digest]
                self.tally.before += 1
                self._brought()
            yield from ready.values()

    def _bring(self, person: Ready) -> EntryAnswer:
        return self._server.bring(self._import_id, external_reference=person.external_reference, photos=person.load())

    def _settle(self, under_way: dict[Future[EntryAnswer], Ready], *, all_of_them: bool) -> None:
        """Take in the answers that are there; wait for one at least, or for all."""
        while under_way:
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                self._take_in(future, under_way.pop(future))
            if not all_of_them:
                return

    def _take_in(self, future: Future[EntryAnswer], person: Ready) -> None:
        try:
            answer = future.result()
        except _ABOUT_THE_PERSON as problem:
            self.tally.failed += 1
            self.tally.issues.append(Issue(person.external_reference, None, problem.code, problem.mend))
            if self.tally.failed >= _MOST_FAULTS:
                raise
        except OSError:
            # It could be read a moment ago.
            self.tally.failed += 1
            self.tally.issues.append(issue("photo_unreadable", reference=person.external_reference))
        else:
            self._count(answer, person)
        self._brought()

    def _count(self, answer: EntryAnswer, person: Ready) -> None:
        self.tally.photos_stored += answer.stored
        match EntryOutcome(answer.outcome):
            case EntryOutcome.PENDING:
                self.tally.brought += 1
            case EntryOutcome.REFUSED:
                self.tally.refused += 1
            case EntryOutcome.ERASED:
                self.tally.erased += 1
                (why,) = answer.refusals
                self.tally.issues.append(Issue(person.external_reference, None, why.code, why.mend))


def _batched(people: Sequence[Person], size: int) -> Iterator[list[Person]]:
    left = iter(people)
    while some := list(itertools.islice(left, size)):
        yield some


def refusals_of(server: Visavis, import_id: str, *, reason: str) -> Iterator[Issue]:
    """Everything that the server refused in an import, in the order of its people."""
    after = None
    while True:
        page = server.import_refusals(import_id, reason=reason, after=after, limit=200)
        for row in page.items:
            for refused in row.refusals:
                yield Issue(row.external_reference, refused.photo, refused.code, refused.mend)
        after = page.next
        if after is None:
            return
