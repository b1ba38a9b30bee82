"""Setting up: purposes, galleries, stations, people without a face."""

from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.decide.preset import settled
from visavis.decide.target import Room, capacity, require_statable
from visavis.flows.bars import Bars
from visavis.flows.credentials import Issued, issue
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import done_by, record_act
from visavis.flows.sessions import end_unused, require_in_use
from visavis.flows.stations import proven
from visavis.flows.subjects import make_subject
from visavis.liveness.modes import Checkable
from visavis.model.access import AlreadyExists, ApiKey
from visavis.model.attestation import AttestationRefused
from visavis.model.audit import Event
from visavis.model.consent import Subject, SubjectState
from visavis.model.ids import new_id
from visavis.model.pad import PadReportMissing
from visavis.model.preset import Preset, Promised
from visavis.model.public_key import is_sound_station_key
from visavis.model.purpose import (
    MAX_RETENTION_DAYS,
    Gallery,
    LivenessMode,
    LivenessUnavailable,
    Purpose,
    PurposeInvalid,
    PurposeText,
    TargetKind,
)
from visavis.model.station import Station, StationInvalid
from visavis.protect.gallery_keys import new_gallery_key


class Administer:
    """What an administrator does."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, bars: Bars, checkable: Checkable) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._bars = bars
        self._calibration = bars.calibration
        self._checkable = checkable

    def state_purpose(
        self,
        *,
        name: str,
        controller: str,
        contact: str,
        jurisdiction: str,
        language: str,
        text: str,
        retention_days: int,
        promised: Promised,
        liveness: LivenessMode,
        by: ApiKey | None,
    ) -> tuple[Purpose, PurposeText]:
        """State a purpose, with the first version of its text.

        :param by: who does it, here and below; None: a program that fills a server, and nobody's key.
        :raises PurposeInvalid: a field is out of its range, missing, or laxer than the preset.
        :raises PromiseTooStrict: the calibration cannot know such a rate, or too many members would be missed.
        :raises LivenessUnavailable: the mode cannot be checked, or is not what the preset asks for.
        :raises PadReportMissing: nobody measured the mode as the preset asks for.
        """
        kind, rate, may_miss = settled(promised)
        now = self._clock.now()
        purpose = Purpose(
            id=new_id("pur"),
            name=name,
            controller=controller,
            contact=contact,
            jurisdiction=jurisdiction,
            retention_days=retention_days,
            target_kind=kind,
            target=rate,
            liveness=liveness,
            created_at=now,
            max_fnmr=may_miss,
        )
        if not 1 <= retention_days <= MAX_RETENTION_DAYS:
            raise PurposeInvalid(f"retention_days: 1 to {MAX_RETENTION_DAYS}.")
        if not text.strip():
            raise PurposeInvalid("text: people have to read something before they agree.")
        require_statable(purpose, calibration=self._calibration)
        if promised.preset is not None:
            self._checkable.require_pad(liveness, asked=promised.preset.asks)
        self._checkable.require(liveness)
        first = PurposeText(f"{purpose.id}.1", purpose.id, 1, language, text, now)
        with self._store.write() as tx:
            tx.purposes.add(purpose)
            tx.purpose_texts.add(first)
            self._record(tx, Event.POLICY, "add", "purpose", by, purpose=purpose.id, promises=_promises(purpose))
        return purpose, first

    def reword(self, purpose_id: str, *, language: str, text: str, by: ApiKey | None) -> PurposeText:
        """A new version of a purpose's text, for people who are asked from now on; given consents keep theirs."""
        if not text.strip():
            raise PurposeInvalid("text: people have to read something before they agree.")
        with self._store.write() as tx:
            purpose = tx.purposes.get(purpose_id)
            version = 1 + max(t.version for t in tx.purpose_texts.find(purpose_id=purpose.id))
            new = PurposeText(f"{purpose.id}.{version}", purpose.id, version, language, text, self._clock.now())
            tx.purpose_texts.add(new)
            self._record(tx, Event.POLICY, "change", "text", by, purpose=purpose.id, text=text)
        return new

    def end_purpose(self, purpose_id: str, *, at: datetime | None = None, by: ApiKey | None) -> Purpose:
        """End a purpose, now or on a day to come.

        From then on nobody is asked or recognised for it, and the purge erases everybody who is in it. Who is asked
        until then is told the day. It can be moved until it has come; what has ended stays so, and ending it again
        changes nothing.

        :param at: when; None: now.
        :raises PurposeInvalid: that is past. :raises NotFound: there is no such purpose.
        """
        now = self._clock.now()
        if at is not None and at < now:
            raise PurposeInvalid("ends_at: a time to come, or none for now.")
        with self._store.write() as tx:
            purpose = tx.purposes.get(purpose_id)
            if purpose.is_over(now):
                return purpose
            ended = replace(purpose, ends_at=(now if at is None else at).replace(microsecond=0))
            tx.purposes.change(ended)
            when = str(ended.ends_at)
            self._record(tx, Event.POLICY, "change", "purpose", by, purpose=purpose.id, ends_at=when)
        return ended

    def open_gallery(self, *, name: str, purpose_id: str, by: ApiKey | None) -> Gallery:
        """An empty gallery for one purpose, made with the model that runs.

        :raises PurposeEnded: the purpose has ended.
        :raises PromiseTooStrict: another model runs than when the purpose was stated, which cannot hold it.
        """
        with self._store.write() as tx:
            purpose = tx.purposes.get(purpose_id)
            purpose.require_not_over(self._clock.now())
            gallery = Gallery(new_id("gal"), purpose.id, name, self._calibration.model_id, self._clock.now())
            tx.galleries.add(gallery)
            tx.gallery_keys.add(new_gallery_key(gallery.id, version=1, installation=self._keyring.installation))
            bar = f"{self._bars.first(tx, gallery, purpose).threshold:.4f}"
            self._record(tx, Event.POLICY, "add", "gallery", by, gallery=gallery.id, purpose=purpose.id, bar=bar)
        return gallery

    def capacity_of(self, purpose: Purpose) -> Room:
        """Most references of people with one photo each at which the purpose's rates can be held."""
        return capacity(purpose, calibration=self._calibration)

    def presets_met(self, purpose: Purpose) -> tuple[Preset, ...]:
        """What standards ask that the purpose states or goes beyond; from which of them it was stated is not kept."""
        return tuple(preset for preset in Preset if _meets(purpose, preset, self._checkable))

    def register_station(
        self,
        *,
        name: str,
        gallery_id: str | None,
        purpose_id: str | None,
        public_key: bytes | None,
        attended: bool,
        by: ApiKey | None,
    ) -> Station:
        """A device with its public key, for one gallery or for one purpose's document check.

        :param public_key: None: a key whose private half nobody has, until a device is paired with the station.
        :raises StationInvalid: both or neither of the two, no such key, or a purpose whose target is not an FMR.
        :raises PurposeEnded: the purpose has ended.
        """
        if public_key is None:
            public_key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        if (gallery_id is None) == (purpose_id is None) or not is_sound_station_key(public_key):
            raise StationInvalid
        with self._store.write() as tx:
            if gallery_id is not None:
                purpose = tx.purposes.get(tx.galleries.get(gallery_id).purpose_id)
            else:
                purpose = tx.purposes.get(str(purpose_id))
                if purpose.target_kind is not TargetKind.FMR:
                    raise StationInvalid("A document check needs a purpose with an FMR target.")
            purpose.require_not_over(self._clock.now())
            self._checkable.require(purpose.liveness, attended=attended)
            station = Station(
                id=new_id("sta"),
                name=name,
                gallery_id=gallery_id,
                purpose_id=purpose.id,
                public_key=public_key,
                attended=attended,
                locked=False,
                unmatched="",
                last_session_at=None,
                created_at=self._clock.now(),
            )
            tx.stations.add(proven(station, self._keyring))
            self._record(tx, Event.KEY, "add", "station", by, station=station.id, public_key=public_key.hex())
        return station

    def reopen_station(self, station_id: str, *, by: ApiKey | None) -> Station:
        """Unlock a station that an operator has looked at; its count starts anew."""
        with self._store.write() as tx:
            station = replace(require_in_use(tx.stations.get(station_id)), locked=False, unmatched="")
            tx.stations.change(station)
            self._record(tx, Event.POLICY, "change", "station", by, station=station.id)
        return station

    def replace_station_key(self, station_id: str, *, public_key: bytes, by: ApiKey | None) -> Station:
        """A station's new key, in place of one that is lost or was stolen.

        Once this returned, the old key opens nothing. An unused session ends; lock, window and pace stay, so that a
        new key is no way around them. Nobody vouches for the new key's device yet.

        :raises StationInvalid: no such key, or the one it has. :raises AlreadyExists: another station's.
        """
        with self._store.write() as tx:
            return self.enter_station_key(tx, station_id, public_key=public_key, by=by)

    def enter_station_key(self, tx: Transaction, station_id: str, *, public_key: bytes, by: ApiKey | None) -> Station:
        """The same within a transaction.

        :param by: None: a device with a one-time code, and whoever offered that is entered already.
        """
        if not is_sound_station_key(public_key):
            raise StationInvalid
        station = require_in_use(tx.stations.get(station_id))
        if public_key == station.public_key:
            raise StationInvalid("The station has this key already.")
        if tx.stations.count(public_key=public_key):
            raise AlreadyExists("Another station has this key, or had it when it was retired.")
        end_unused(tx, station.id)
        station = proven(replace(station, public_key=public_key, attestation=None), self._keyring)
        tx.stations.change(station)
        self._record(tx, Event.KEY, "rotate", "station", by, station=station.id, public_key=public_key.hex())
        return station

    def attest_station(self, station_id: str, *, chain: bytes, by: ApiKey | None) -> Station:
        """Enter who vouches for the device that holds a station's key, in place of who did.

        :param chain: PEM, untrusted; see ``Roots.attested``.
        :raises LivenessUnavailable: nobody's word is taken here. :raises AttestationRefused: it vouches for nothing.
        """
        with self._store.write() as tx:
            station = require_in_use(tx.stations.get(station_id))
            station = proven(replace(station, attestation=chain), self._keyring)
            found = self._checkable.attested(station, now=self._clock.now())
            tx.stations.change(station)
            self._record(
                tx,
                Event.POLICY,
                "change",
                "station",
                by,
                station=station.id,
                attested_by=found.issuer,
                attested_until=str(found.until),
            )
        return station

    def attested_until(self, station: Station) -> datetime | None:
        """Until when somebody vouches for the device that holds a station's key; None where nobody does now."""
        if station.attestation is None or station.retired_at is not None:
            return None
        try:
            return self._checkable.attested(station, now=self._clock.now()).until
        except (AttestationRefused, LivenessUnavailable):
            return None

    def retire_station(self, station_id: str, *, by: ApiKey | None) -> None:
        """Take a station out of use for good; its decisions stay.

        Once this returned, its key opens nothing and nothing is decided there, not even what was being looked at. Its
        key is kept, so that nobody can register it again. Doing it again changes nothing.
        """
        with self._store.write() as tx:
            station = tx.stations.get(station_id)
            if station.retired_at is None:
                end_unused(tx, station.id)
                tx.pairings.remove(id=station.id)
                tx.stations.change(proven(replace(station, retired_at=self._clock.now()), self._keyring))
                self._record(tx, Event.KEY, "end", "station", by, station=station.id)

    def add_without_face(self, gallery_id: str, *, external_reference: str) -> tuple[Subject, Issued]:
        """Somebody who is served by PIN and QR credential only (rule S7).

        :raises PurposeEnded: the gallery's purpose has ended.
        """
        with self._store.write() as tx:
            gallery = tx.galleries.get(gallery_id)
            tx.purposes.get(gallery.purpose_id).require_not_over(self._clock.now())
            subject = make_subject(
                tx,
                gallery=gallery,
                external_reference=external_reference,
                state=SubjectState.WITHOUT_FACE,
                keyring=self._keyring,
                now=self._clock.now(),
            )
            issued = issue(tx, subject, keyring=self._keyring, now=self._clock.now())
        return subject, issued

    def _record(self, tx: Transaction, event: Event, act: str, of: str, by: ApiKey | None, **details: str) -> None:
        fields = {"act": act, "of": of}
        record_act(
            tx, event, now=self._clock.now(), fields=fields, details={**details, **done_by(by)}, keyring=self._keyring
        )


def _promises(purpose: Purpose) -> str:
    """What a purpose's people are promised, as its entry in the log commits to it."""
    promised = f"{purpose.target_kind.value} <= {purpose.target:.10g}, fnmr <= {purpose.max_fnmr:.10g}"
    promised = f"{promised}, {purpose.retention_days} days"
    return f"{promised}, liveness {purpose.liveness.value}"


def _meets(purpose: Purpose, preset: Preset, checkable: Checkable) -> bool:
    try:
        settled(Promised(purpose.target_kind, purpose.target, purpose.max_fnmr, preset))
        checkable.require_pad(purpose.liveness, asked=preset.asks)
    except (PurposeInvalid, LivenessUnavailable, PadReportMissing):
        return False
    return True
