"""What the routes may call."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from visavis.flows.accounts import Accounts
from visavis.flows.administer import Administer
from visavis.flows.ageing import Ageing
from visavis.flows.agree import Agree
from visavis.flows.api_keys import ApiKeys
from visavis.flows.archive import Archives
from visavis.flows.backup import Backups
from visavis.flows.bars import Bars
from visavis.flows.console_login import ConsoleLogin
from visavis.flows.console_sessions import ConsoleSessions
from visavis.flows.credentials import Credentials
from visavis.flows.document_check import DocumentCheck
from visavis.flows.drift import Drift
from visavis.flows.enrol import Enrol
from visavis.flows.epochs import Epochs
from visavis.flows.erasures import Erasures
from visavis.flows.export import Exports
from visavis.flows.face_and_pin import FaceAndPin
from visavis.flows.find_look_alikes import FindLookAlikes
from visavis.flows.following import Following
from visavis.flows.identify import Identify
from visavis.flows.imports import Imports
from visavis.flows.incoming import Incoming
from visavis.flows.invited import Invited
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.log import Log
from visavis.flows.look_alikes import Disputes, LookAlikes
from visavis.flows.once import Once
from visavis.flows.other_way import OtherWay
from visavis.flows.own_rates import MeasureOwn
from visavis.flows.pairings import Pairings
from visavis.flows.ports import Store
from visavis.flows.provider_login import ProviderLogin
from visavis.flows.publish import Publisher
from visavis.flows.reach import Reach
from visavis.flows.readings import Readings
from visavis.flows.renew import Renew
from visavis.flows.review import Reviews
from visavis.flows.rotate import Rotate
from visavis.flows.seal import Seal
from visavis.flows.sessions import Sessions
from visavis.flows.tombstones import TombstoneList
from visavis.flows.verify import Verify
from visavis.flows.visits import Visits
from visavis.flows.withdraw import Withdraw
from visavis.liveness.modes import Checkable
from visavis.model.calibration import Calibration
from visavis.web.rates import Rates


@dataclass(frozen=True, slots=True)
class Services:
    """Every flow of a running server, put together by the composition root."""

    calibration: Calibration
    dimension: int
    """How long a template of the model is."""
    checkable: Checkable
    store: Store
    keyring: Keyring
    live: LiveGalleries
    following: Following | None
    """Takes in what other processes change; None where there are none."""
    log: Log
    publisher: Publisher
    administer: Administer
    pairings: Pairings
    bars: Bars
    own_rates: MeasureOwn
    drift: Drift
    ageing: Ageing
    find_look_alikes: FindLookAlikes
    look_alikes: LookAlikes
    disputes: Disputes
    api_keys: ApiKeys
    accounts: Accounts
    console_login: ConsoleLogin
    console_sessions: ConsoleSessions
    provider_login: ProviderLogin
    reach: Reach
    readings: Readings
    credentials: Credentials
    archives: Archives
    enrol: Enrol
    imports: Imports
    exports: Exports
    incoming: Incoming
    agree: Agree
    renew: Renew
    invited: Invited
    withdraw: Withdraw
    epochs: Epochs
    backups: Backups
    erasures: Erasures
    tombstones: TombstoneList
    rotate: Rotate
    seal: Seal
    sessions: Sessions
    identify: Identify
    verify: Verify
    document_check: DocumentCheck
    other_way: OtherWay
    visits: Visits
    face_and_pin: FaceAndPin
    reviews: Reviews
    once: Once
    rates: Rates
    face_finder: bytes | None
    """The network by which pages guide people before the camera, an ONNX file; None where its weights are missing."""
    base_url: str
    log_folder: Path
    publish_every_s: float
    purge_every_s: float
    close: Callable[[], None]
    """Ends what runs beside the server; called once, when it serves no longer."""
