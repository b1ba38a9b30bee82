"""What a log may tell: which entry may follow which (``spec/audit-log.md``, section Grammar)."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from visavis.audit.leaf import Entry
from visavis.model.audit import Event, GrammarBroken

# An attribute of an Enum class is looked up slowly, and ``take`` is asked a hundred thousand times a second.
_OFFER: Final = Event.OFFER
_GRANT: Final = Event.GRANT
_ENROL: Final = Event.ENROL
_WITHDRAW: Final = Event.WITHDRAW
_ERASE: Final = Event.ERASE
_CARRY: Final = Event.CARRY
_SESSION: Final = Event.SESSION
_DECISION: Final = Event.DECISION
_START: Final = Event.START


@dataclass(slots=True)
class Life:
    """How often something happened under one handle. ``carried``: it began before the log did."""

    offers: int = 0
    grants: int = 0
    enrols: int = 0
    carried: bool = False
    withdrawn: bool = False
    erased: bool = False


@dataclass(slots=True)
class Grammar:
    """Reads a log's entries in their order and refuses the first that may not be there.

    1. Days never go back by more than one (a clock is set right; it does not travel).
    2. Entries of people who were here before come before all others but ``start``.
    3. A grant needs an offer of its own, and what may be recognised a grant of its own; under a handle that was carried
       they may be older than the log.
    4. After a withdrawal there is only the erasure, after an erasure nothing.
    5. A decision needs its session, of the same kind, opened on this day or the one before; a session serves once.

    After a refusal it must not be asked again.
    """

    size: int = 0
    last_day: str = ""
    begun: bool = False
    lives: dict[str, Life] = field(default_factory=dict)
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """The next entry.

        :raises GrammarBroken: it may not stand here; the message names its index.
        """
        if entry.day != self.last_day:
            self._new_day(entry.day)
        event, fields = entry.event, entry.fields
        if event is _SESSION:
            self._open(entry)
        elif event is _DECISION:
            self._decide(entry)
        elif "handle" in fields:
            self._live(event, fields["handle"])
        if event is not _CARRY and event is not _START:
            self.begun = True
        self.size += 1

    def state(self) -> dict[str, Any]:
        """All that is remembered, as JSON would have it."""
        lives = {
            handle: [life.offers, life.grants, life.enrols, life.carried, life.withdrawn, life.erased]
            for handle, life in self.lives.items()
        }
        sessions = {session: list(opened) for session, opened in self.sessions.items()}
        return {
            "size": self.size,
            "last_day": self.last_day,
            "begun": self.begun,
            "lives": lives,
            "sessions": sessions,
        }

    @classmethod
    def resumed(cls, state: dict[str, Any]) -> "Grammar":
        """A grammar that goes on where ``state`` was taken.

        :raises LookupError, TypeError, ValueError: it is no such state.
        """
        size, last_day, begun = state["size"], state["last_day"], state["begun"]
        lives = {handle: Life(*life) for handle, life in state["lives"].items()}
        sessions = {session: (kind, day) for session, (kind, day) in state["sessions"].items()}
        for day in [*([last_day] if last_day else []), *(day for _, day in sessions.values())]:
            date.fromisoformat(day)
        whole = all(len(life) == len(Life.__slots__) and min(life) >= 0 for life in state["lives"].values())
        if size < 0 or begun not in (True, False) or not whole:
            raise ValueError("not the state of a grammar")
        return cls(size, last_day, begun, lives, sessions)

    def _new_day(self, day: str) -> None:
        try:
            moved = date.fromisoformat(day).toordinal()
        except ValueError:
            raise self._broken("its day is none") from None
        if self.last_day and moved < date.fromisoformat(self.last_day).toordinal() - 1:
            raise self._broken("its day lies before those of earlier entries")
        if day > self.last_day:
            self.last_day = day
            yesterday = date.fromordinal(max(moved - 1, 1)).isoformat()
            self.sessions = {id_: opened for id_, opened in self.sessions.items() if opened[1] >= yesterday}

    def _live(self, event: Event, handle: str) -> None:
        life = self.lives.get(handle)
        if life is None:
            life = self.lives[handle] = self._born(event)
        elif event is _CARRY:
            raise self._broken("a handle is carried in twice")
        if life.erased:
            raise self._broken("its handle was erased")
        if life.withdrawn and event is not _ERASE:
            raise self._broken("its handle was withdrawn")
        if event is _WITHDRAW:
            life.withdrawn = True
        elif event is _ERASE:
            life.erased = True
        else:
            self._count(event, life)

    def _count(self, event: Event, life: Life) -> None:
        if event is _OFFER:
            life.offers += 1
        elif event is _GRANT:
            life.grants += 1
            if life.grants > life.offers and not life.carried:
                raise self._broken("it grants what was not offered")
        elif event is _ENROL:
            life.enrols += 1
            if life.enrols > life.grants and not life.carried:
                raise self._broken("it enrols what nobody granted")

    def _born(self, event: Event) -> Life:
        # Any other event may be a handle's first: the server has lost the key that its earlier ones came from.
        if event is _CARRY and self.begun:
            raise self._broken("somebody is carried in after the log began")
        return Life(carried=event is _CARRY)

    def _open(self, entry: Entry) -> None:
        session = entry.fields["session"]
        if session in self.sessions:
            raise self._broken("its session was opened before")
        self.sessions[session] = entry.fields["kind"], entry.day

    def _decide(self, entry: Entry) -> None:
        opened = self.sessions.pop(entry.fields["session"], None)
        if opened is None:
            raise self._broken("it decides without a session, or in one that was used")
        if opened[0] != entry.fields["kind"]:
            raise self._broken("its session was opened for something else")

    def _broken(self, why: str) -> GrammarBroken:
        return GrammarBroken(f"Entry {self.size}: {why}.")
