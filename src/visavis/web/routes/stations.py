"""Stations."""

import binascii
from base64 import urlsafe_b64decode
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from visavis.model.access import ApiKey, Scope
from visavis.model.station import Station, StationInvalid
from visavis.web.auth import Admin, Flows, Operator, key_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.services import Services
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.setup import AttestationRequest, PairingAnswer, StationAnswer, StationKeyRequest, StationRequest
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/stations", tags=["stations"])

_Seeing = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.OPERATE, Scope.AUDIT))]
_SeeingOwn = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.OPERATE, Scope.AUDIT, bounds_itself=True))]


@router.post("", status_code=201, response_model=StationAnswer)
def register(
    request: Request, body: StationRequest, flows: Flows, key: Admin, idempotency_key: IdempotencyKey = None
) -> Response:
    """Register a device with its public key."""

    def act() -> tuple[StationAnswer, None]:
        station = flows.administer.register_station(
            name=body.name,
            gallery_id=body.gallery_id,
            purpose_id=body.purpose_id,
            public_key=None if body.public_key is None else raw_key(body.public_key),
            attended=body.attended,
            by=key,
        )
        return _answer(flows, station), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("")
def list_stations(flows: Flows, key: _SeeingOwn, after: After = None, limit: Limit = 50) -> Page[StationAnswer]:
    """The stations of the key's galleries; with a key for all galleries those that check documents, too."""
    rows = flows.reach.stations(key, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=lambda s: _answer(flows, s), id_of=lambda s: s.id)


@router.get("/{station_id}")
def show_station(station_id: str, flows: Flows, _key: _Seeing) -> StationAnswer:
    """One station."""
    with flows.store.read() as tx:
        return _answer(flows, tx.stations.get(station_id))


@router.post("/{station_id}/reopening", response_model=StationAnswer)
def reopen(
    request: Request, station_id: str, flows: Flows, key: Operator, idempotency_key: IdempotencyKey = None
) -> Response:
    """Unlock a station that an operator has looked at."""

    def act() -> tuple[StationAnswer, None]:
        return _answer(flows, flows.administer.reopen_station(station_id, by=key)), None

    asked = fingerprint(request)
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=200)


@router.put("/{station_id}/key", response_model=StationAnswer)
def replace_key(
    request: Request,
    station_id: str,
    body: StationKeyRequest,
    flows: Flows,
    key: Admin,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Give a station a new key; the old one opens nothing from then on."""

    def act() -> tuple[StationAnswer, None]:
        new = raw_key(body.public_key)
        return _answer(flows, flows.administer.replace_station_key(station_id, public_key=new, by=key)), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=200)


@router.put("/{station_id}/attestation", response_model=StationAnswer)
def attest(
    request: Request,
    station_id: str,
    body: AttestationRequest,
    flows: Flows,
    key: Admin,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Enter who vouches for the device that holds a station's key; a new key has to be vouched for anew."""

    def act() -> tuple[StationAnswer, None]:
        station = flows.administer.attest_station(station_id, chain=body.chain.encode(), by=key)
        return _answer(flows, station), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=200)


@router.post("/{station_id}/pairing", status_code=201)
def offer_pairing(station_id: str, flows: Flows, key: Admin) -> PairingAnswer:
    """A one-time code for the device that is to be this station; its present key is good until the code is used."""
    code, pairing = flows.pairings.offer(station_id, by=key)
    return PairingAnswer(station_id=station_id, code=code, expires_at=pairing.expires_at)


@router.delete("/{station_id}", status_code=204)
def retire(station_id: str, flows: Flows, key: Admin) -> Response:
    """Take a station out of use for good and at once; its decisions stay."""
    flows.administer.retire_station(station_id, by=key)
    return Response(status_code=204)


def raw_key(public_key: str) -> bytes:
    """The 32 bytes of an Ed25519 key, or the 65 of a P-256 key, in its text.

    :raises StationInvalid: it is none.
    """
    try:
        return urlsafe_b64decode(public_key + "=")
    except binascii.Error:
        raise StationInvalid from None


def _answer(flows: Services, station: Station) -> StationAnswer:
    return StationAnswer(
        id=station.id,
        name=station.name,
        gallery_id=station.gallery_id,
        purpose_id=station.purpose_id,
        attended=station.attended,
        locked=station.locked,
        created_at=station.created_at,
        retired_at=station.retired_at,
        drift=_drift(flows, station),
        attested_until=flows.administer.attested_until(station),
    )


def _drift(flows: Services, station: Station) -> str | None:
    if station.gallery_id is None or station.retired_at is not None:
        return None
    return flows.drift.standing(station.id).value
