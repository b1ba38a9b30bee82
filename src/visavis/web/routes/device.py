"""What a device asks for that is a station, or is to be one."""

from fastapi import APIRouter, Request

from visavis.flows.purposes import newest_text
from visavis.model.purpose import TargetKind
from visavis.model.station import PairingUnknown, SessionKind, Station
from visavis.web.auth import Flows, StationId, opening
from visavis.web.routes.stations import raw_key
from visavis.web.services import Services
from visavis.wire.deciding import Notice, OwnStation
from visavis.wire.setup import PairingRequest

router = APIRouter(prefix="/v1", tags=["stations"])


@router.post("/pairing", status_code=201)
def pair(request: Request, body: PairingRequest, flows: Flows) -> OwnStation:
    """Become the station that a one-time code is for, with a key that was made on the device."""
    with opening(request, flows, body.code, failures=PairingUnknown):
        station = flows.pairings.accept(body.code, public_key=raw_key(body.public_key))
    request.state.caller = "station"
    return _shown(flows, station)


@router.get("/station")
def own_station(flows: Flows, station_id: StationId) -> OwnStation:
    """What a station is for, and what it has to tell the people in front of it."""
    with flows.store.read() as tx:
        station = tx.stations.get(station_id)
    return _shown(flows, station)


def _shown(flows: Services, station: Station) -> OwnStation:
    with flows.store.read() as tx:
        purpose = tx.purposes.get(station.purpose_id)
        text = newest_text(tx, purpose.id)
    kinds = [SessionKind.DOCUMENT_CHECK]
    if station.gallery_id is not None:
        kinds = [SessionKind.VERIFY]
        if purpose.target_kind is TargetKind.FPIR:
            kinds = [SessionKind.IDENTIFY, SessionKind.VERIFY]
    return OwnStation(
        station_id=station.id,
        name=station.name,
        attended=station.attended,
        locked=station.locked,
        kinds=[kind.value for kind in kinds],
        liveness=purpose.liveness.value,
        notice=Notice(
            purpose=purpose.name,
            controller=purpose.controller,
            contact=purpose.contact,
            jurisdiction=purpose.jurisdiction,
            retention_days=purpose.retention_days,
            ends_at=purpose.ends_at,
            language=text.language,
            text=text.text,
        ),
    )
