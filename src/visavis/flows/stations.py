"""Stations that the server registered, told from rows that somebody else wrote."""

import hmac
from dataclasses import replace

import rfc8785

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Store
from visavis.model.keys import SealBroken
from visavis.model.station import Station
from visavis.protect.keys import tag


def proven(station: Station, keyring: Keyring) -> Station:
    """The station with what shows that it was registered: whose key it is, where it stands, and whether it is retired.

    Keyed, so that whoever can write to the database cannot register a key of their own, nor bring a retired one back,
    nor have a device vouched for.
    """
    return replace(station, proof=_proof(station, keyring))


def require_proven(station: Station, keyring: Keyring) -> Station:
    """The station, if the server registered it so.

    :raises SealBroken: somebody else wrote the row, or edited it.
    """
    if not hmac.compare_digest(station.proof, _proof(station, keyring)):
        raise SealBroken("A station was registered or edited by somebody else.")
    return station


def prove_all(store: Store, keyring: Keyring) -> None:
    """Take over the stations of the first release, which had no proof."""
    with store.write() as tx:
        for station in tx.stations.find():
            tx.stations.change(proven(station, keyring))


def _proof(station: Station, keyring: Keyring) -> bytes:
    # What stations have that were registered before devices could be vouched for stays as it was.
    attested = [] if station.attestation is None else [station.attestation.hex()]
    told = rfc8785.dumps([
        station.id,
        station.gallery_id,
        station.purpose_id,
        station.public_key.hex(),
        station.attended,
        station.retired_at is not None,
        *attested,
    ])  # fmt: skip
    return tag(keyring.installation, use="stations", of=told)
