"""What is left to do when a purpose has ended: everybody in it is erased, then what it needed, then the purpose."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from visavis.flows.entries import end_import
from visavis.flows.erase import erase_subject
from visavis.flows.generation import follow
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Rows, Store, Transaction
from visavis.flows.record import record_act
from visavis.flows.sessions import end_unused
from visavis.flows.stations import proven
from visavis.model.audit import Event
from visavis.model.purpose import Gallery, Purpose
from visavis.model.station import Station

PURPOSE_ENDED: Final = "purpose_ended"
"""Why somebody is erased whose purpose has ended."""
AT_ONCE: Final = 25
"""People erased in one transaction: some tens of milliseconds, which others who write can wait."""
TURNS: Final = 200
"""Transactions of one call, so that the rest of a purge has its turn as well."""


@dataclass(frozen=True, slots=True)
class Turned:
    """How many people were erased, and whether there are more."""

    subjects: int
    more: bool


class Ended:
    """Empties purposes that have ended."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live

    def go_on(self) -> Turned:
        """Take the next steps, in many small transactions.

        1. No station of the purpose is in use any more. 2. Its people are erased, some at a time. 3. What refers to
        nobody goes: imports, then galleries, stations and texts, as soon as no decision, reading or export names them.
        4. The purpose goes last.

        Whatever stops it, the next call goes on.
        """
        subjects, turns = 0, 0
        for purpose in self._over():
            self._retire_stations(purpose)
            for gallery in self._galleries(purpose):
                while erased := self._erase_some(gallery):
                    subjects, turns = subjects + erased, turns + 1
                    if turns == TURNS:
                        follow(self._store, self._keyring)
                        return Turned(subjects, more=True)
            self._clear(purpose)
        if subjects:
            follow(self._store, self._keyring)
        return Turned(subjects, more=False)

    def _over(self) -> Sequence[Purpose]:
        with self._store.read() as tx:
            return tx.purposes.before("ends_at", self._clock.now())

    def _galleries(self, purpose: Purpose) -> Sequence[Gallery]:
        with self._store.read() as tx:
            return tx.galleries.find(purpose_id=purpose.id)

    def _erase_some(self, gallery: Gallery) -> int:
        with self._store.read() as tx:
            if not tx.subjects.count(gallery_id=gallery.id):
                return 0
        with self._live.followed() as touched, self._store.write() as tx:
            found = tx.subjects.page(after=None, limit=AT_ONCE, gallery_id=gallery.id)
            for subject in found:
                touched.add(subject.id)
                erase_subject(tx, subject, reason=PURPOSE_ENDED, keyring=self._keyring, now=self._clock.now())
        return len(found)

    def _retire_stations(self, purpose: Purpose) -> None:
        with self._store.read() as tx:
            in_use = tx.stations.find(purpose_id=purpose.id, retired_at=None)
        if not in_use:
            return
        now = self._clock.now()
        with self._store.write() as tx:
            for station in tx.stations.find(purpose_id=purpose.id, retired_at=None):
                end_unused(tx, station.id)
                tx.stations.change(proven(replace(station, retired_at=now), self._keyring))
                fields, details = {"act": "end", "of": "station"}, {"station": station.id}
                record_act(tx, Event.KEY, now=now, fields=fields, details=details, keyring=self._keyring)

    def _clear(self, purpose: Purpose) -> None:
        """Take out what nothing refers to any more (3 and 4)."""
        with self._store.write() as tx:
            for gallery in tx.galleries.find(purpose_id=purpose.id):
                for ended in tx.imports.find(gallery_id=gallery.id):
                    end_import(tx, ended)
                if not is_named(tx, gallery):
                    tx.gallery_keys.remove(gallery_id=gallery.id)
                    tx.bar_moves.remove(gallery_id=gallery.id)
                    tx.own_rates.remove(id=gallery.id)
                    tx.galleries.remove(id=gallery.id)
            for station in tx.stations.find(purpose_id=purpose.id):
                drop_station(tx, station, now=self._clock.now())
            if not any(rows.count(purpose_id=purpose.id) for rows in _naming(tx)):
                tx.purpose_texts.remove(purpose_id=purpose.id)
                tx.purposes.remove(id=purpose.id)


def is_named(tx: Transaction, gallery: Gallery) -> bool:
    """Whether anything refers to a gallery but its keys."""
    naming: Sequence[Rows[Any]] = (
        tx.subjects,
        tx.stations,
        tx.sessions,
        tx.decisions,
        tx.reviews,
        tx.look_alikes,
        tx.readings,
        tx.imports,
        tx.exports,
    )
    return any(rows.count(gallery_id=gallery.id) for rows in naming)


def drop_station(tx: Transaction, station: Station, *, now: datetime) -> None:
    """Forget a station that was retired so long ago that everything that was decided there is over too."""
    since, retention = station.retired_at, tx.purposes.get(station.purpose_id).retention
    if since is None or now < since + retention:
        return
    if not tx.sessions.count(station_id=station.id) and not tx.decisions.count(station_id=station.id):
        tx.stations.remove(id=station.id)


def _naming(tx: Transaction) -> Sequence[Rows[Any]]:
    return tx.galleries, tx.stations, tx.sessions, tx.decisions, tx.readings
