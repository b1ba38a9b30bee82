"""The composition root: the only importer of adapters."""

import os
from collections.abc import Callable
from datetime import timedelta

from fastapi import FastAPI
from structlog import get_logger

from visavis import __version__, bootstrap_console, bootstrap_keys, logs
from visavis.adapters import doctor
from visavis.adapters.backup_file import DataSnapshots
from visavis.adapters.clock import SystemClock
from visavis.adapters.faiss.index import FaissIndex
from visavis.adapters.faiss.rows import FOUR
from visavis.adapters.hardening import harden
from visavis.adapters.keyfile import RootFile
from visavis.adapters.line_file import LineFile
from visavis.adapters.listening import require_free, require_private, require_tls_usable
from visavis.adapters.log_folder import LogFolder
from visavis.adapters.opening.beside import OpenBeside
from visavis.adapters.sql.store import SqlStore
from visavis.adapters.witnesses import read_witnesses
from visavis.bootstrap_data import (
    DataDirectory,
    initialise,
    open_keyring,
    open_keys,
    require_database,
    sign_log,
    told_unreadable,
)
from visavis.bootstrap_models import Stages, cards_of, chosen_cards, install_models, open_stages, planned_model
from visavis.flows.accounts import Accounts
from visavis.flows.administer import Administer
from visavis.flows.ageing import Ageing
from visavis.flows.agree import Agree
from visavis.flows.api_keys import ApiKeys
from visavis.flows.archive import Archives
from visavis.flows.backup import Backups
from visavis.flows.bars import Bars
from visavis.flows.console_sessions import ConsoleSessions
from visavis.flows.credentials import Credentials
from visavis.flows.deciding import Deciding
from visavis.flows.document_check import DocumentCheck
from visavis.flows.doubles import Doubles
from visavis.flows.drift import Drift
from visavis.flows.enrol import Enrol
from visavis.flows.epochs import Epochs
from visavis.flows.erasures import Erasures
from visavis.flows.export import Exports
from visavis.flows.face_and_pin import FaceAndPin
from visavis.flows.find_look_alikes import FindLookAlikes
from visavis.flows.following import Following
from visavis.flows.generation import require_newest
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
from visavis.flows.ports import Clock
from visavis.flows.probing import Probing
from visavis.flows.publish import Publisher
from visavis.flows.reach import Reach
from visavis.flows.readings import Readings
from visavis.flows.renew import Renew
from visavis.flows.review import Reviews
from visavis.flows.rotate import Rotate
from visavis.flows.seal import Seal
from visavis.flows.sessions import Sessions
from visavis.flows.stations import prove_all
from visavis.flows.tombstones import TombstoneList
from visavis.flows.unseal import Opened
from visavis.flows.verify import Verify
from visavis.flows.visits import Visits
from visavis.flows.withdraw import Withdraw
from visavis.match.exact import ExactIndex
from visavis.match.index import GalleryIndex
from visavis.model.audit import WitnessesUnreadable
from visavis.model.errors import StartupError
from visavis.model.keys import UnsafeListen
from visavis.settings import Settings, unknown_variables
from visavis.web.app import create_app
from visavis.web.loading import Show
from visavis.web.rates import Rates
from visavis.web.services import Services

__all__ = [
    "DataDirectory",
    "Stages",
    "cards_of",
    "chosen_cards",
    "diagnose",
    "initialise",
    "install_models",
    "open_services",
    "open_stages",
    "planned_model",
    "require_safe_listen",
    "serve",
]

log = get_logger(__name__)


@told_unreadable()
def open_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    stages: Stages | None = None,
    root: bytes | None = None,
    end: Callable[[], None] = lambda: None,
) -> Services:
    """Every flow, put together. The caller holds the data directory.

    :param root: put together from the custodians' shares; None where it is in the key file.
    :param end: ends the process, when it is sealed.
    :raises StartupError: the leaf says what is missing or unsafe.
    """
    require_database(settings)
    store = SqlStore(settings.database_url)
    try:
        return _put_together(settings, store, clock=clock or SystemClock(), stages=stages, root=root, end=end)
    except BaseException:
        store.close()
        raise


def _put_together(
    settings: Settings,
    store: SqlStore,
    *,
    clock: Clock,
    stages: Stages | None,
    root: bytes | None,
    end: Callable[[], None],
) -> Services:
    store.migrate()
    keyring = open_keyring(store, open_keys(settings, store, clock=clock, root=root), settings)
    require_newest(store, keyring)
    if not store.has_generation():
        prove_all(store, keyring)
    tombstones = TombstoneList(LineFile(settings.tombstone_list), store=store, keyring=keyring, clock=clock)
    tombstones.settle()
    store.bury, keyring.keys.erased = tombstones.bury, tombstones.has
    store.on_write(keyring.keys.renew)
    publisher = _open_log(store, settings, keyring, clock)
    ahead = publisher.resume()
    stages = stages or open_stages(settings)
    extractor, calibration = stages.extractor, stages.calibration
    dimension = extractor.dimension

    def new_index(model_id: str) -> GalleryIndex:
        engine = ExactIndex if dimension % FOUR else FaissIndex
        return engine(model_id=model_id, dimension=dimension)

    log_folder = LogFolder(settings.log_folder)
    transparency = Log(store=store, keyring=keyring, clock=clock, folder=log_folder, publisher=publisher)
    transparency.begin({"release": __version__, "model": extractor.model_id, "fmr_floor": calibration.fmr_floor}, ahead)
    beside = OpenBeside(settings.database_url)
    live = LiveGalleries(store=store, keyring=keyring, clock=clock, new_index=new_index, open_pages=beside)
    readings = Readings(store=store, keyring=keyring, clock=clock)
    bars = Bars(store=store, keyring=keyring, clock=clock, calibration=calibration)
    following = None if store.changes is None else Following(store.changes, live=live, bars=bars)
    enrol = Enrol(
        store=store,
        keyring=keyring,
        clock=clock,
        extractor=extractor,
        bars=bars,
        backup_window=settings.backup_window,
    )
    imports = Imports(store=store, keyring=keyring, clock=clock, enrol=enrol, readings=readings)
    sessions = Sessions(store=store, keyring=keyring, clock=clock, checkable=stages.checkable)
    probing = Probing(
        store=store,
        clock=clock,
        extractor=extractor,
        filming=stages.filming,
        calibration=calibration,
        key_of=sessions.key_of,
    )
    visits = Visits(store=store, keyring=keyring, clock=clock, readings=readings)
    doubles = Doubles(keyring=keyring, clock=clock, live=live, bars=bars)
    drift = Drift(clock=clock, bars=bars)
    disputes = Disputes(store=store, keyring=keyring, clock=clock, disputed=drift.disputed)
    live.gone = drift.forget
    deciding = Deciding(store=store, keyring=keyring, clock=clock, bars=bars, drift=drift)

    administer = Administer(store=store, keyring=keyring, clock=clock, bars=bars, checkable=stages.checkable)

    def close() -> None:
        stages.close()
        publisher.close()
        if settings.is_shared:
            store.close()

    return Services(
        calibration=calibration,
        dimension=dimension,
        checkable=stages.checkable,
        store=store,
        keyring=keyring,
        live=live,
        following=following,
        log=transparency,
        publisher=publisher,
        administer=administer,
        pairings=Pairings(store=store, keyring=keyring, clock=clock, administer=administer),
        bars=bars,
        drift=drift,
        ageing=Ageing(bars=bars, clock=clock),
        own_rates=MeasureOwn(store=store, keyring=keyring, clock=clock, live=live, bars=bars),
        find_look_alikes=FindLookAlikes(store=store, keyring=keyring, clock=clock, live=live, bars=bars),
        look_alikes=LookAlikes(store=store, keyring=keyring, clock=clock),
        disputes=disputes,
        api_keys=ApiKeys(store=store, keyring=keyring, clock=clock),
        accounts=Accounts(store=store, keyring=keyring, clock=clock),
        console_login=bootstrap_console.console_login(settings, store, keyring, clock),
        console_sessions=ConsoleSessions(store=store, keyring=keyring, clock=clock),
        provider_login=bootstrap_console.provider_login(settings, store, keyring, clock),
        reach=Reach(store=store),
        readings=readings,
        credentials=Credentials(store=store, keyring=keyring, clock=clock, readings=readings),
        archives=Archives(
            store=store,
            keyring=keyring,
            clock=clock,
            readings=readings,
            log=transparency,
            log_key=str(publisher.trust.log),
            server=settings.base_url,
        ),
        enrol=enrol,
        imports=imports,
        exports=Exports(
            store=store, keyring=keyring, clock=clock, extractor=extractor, installation=publisher.trust.log.name
        ),
        incoming=Incoming(
            store=store,
            keyring=keyring,
            clock=clock,
            enrol=enrol,
            imports=imports,
            live=live,
            doubles=doubles,
            bars=bars,
        ),
        agree=Agree(store=store, keyring=keyring, clock=clock, live=live, doubles=doubles, bars=bars),
        renew=Renew(store=store, keyring=keyring, clock=clock, live=live, backup_window=settings.backup_window),
        invited=Invited(store=store, keyring=keyring, clock=clock, enrol=enrol, bars=bars),
        withdraw=Withdraw(store=store, keyring=keyring, clock=clock, live=live),
        epochs=Epochs(store=store, keyring=keyring, clock=clock, window=settings.backup_window),
        tombstones=tombstones,
        erasures=Erasures(store=store, keyring=keyring, clock=clock, window=settings.backup_window),
        backups=Backups(
            store=store,
            keyring=keyring,
            clock=clock,
            folder=log_folder,
            key=publisher.trust.log,
            snapshots=DataSnapshots(settings.data_dir, shared=store if settings.is_shared else None),
            window=settings.backup_window,
            release=__version__,
        ),
        seal=Seal(store=store, keyring=keyring, clock=clock, end=end),
        rotate=Rotate(
            store=store,
            keyring=keyring,
            clock=clock,
            live=live,
            place=RootFile(settings.key_file, data_dir=settings.data_dir),
        ),
        sessions=sessions,
        identify=Identify(store=store, clock=clock, sessions=sessions, probing=probing, live=live, deciding=deciding),
        verify=Verify(store=store, clock=clock, sessions=sessions, probing=probing, live=live, deciding=deciding),
        document_check=DocumentCheck(
            store=store, sessions=sessions, extractor=extractor, probing=probing, deciding=deciding
        ),
        other_way=OtherWay(store=store, clock=clock, sessions=sessions, deciding=deciding),
        visits=visits,
        face_and_pin=FaceAndPin(
            store=store,
            clock=clock,
            sessions=sessions,
            probing=probing,
            live=live,
            deciding=deciding,
            visits=visits,
        ),
        reviews=Reviews(store=store, keyring=keyring, clock=clock, live=live, doubles=doubles),
        once=Once(store=store, keyring=keyring, clock=clock),
        rates=Rates(calls_per_minute=settings.rate_per_minute, failures_per_minute=settings.failures_per_minute),
        face_finder=stages.face_finder,
        base_url=settings.base_url,
        log_folder=settings.log_folder,
        publish_every_s=settings.log_publish_every_s,
        purge_every_s=settings.purge_every_s,
        close=close,
    )


def serve(settings: Settings, *, sealed: bool = False, show: Show | None = None) -> None:
    """Run the server until it is told to stop.

    :param sealed: refuse to start where no custodians hold the root; where they do it starts sealed anyway.
    :param show: told how far the galleries are in memory; the log tells it if not given.
    :raises StartupError: the leaf says what is missing or unsafe.
    """
    harden()
    # A copy of standard error: what the log is written to stays open whoever closes the other.
    logs.configure(level=settings.log_level, form=settings.log_format, descriptor=os.dup(2))
    log.info("starting", version=__version__, port=settings.port, tls=settings.tls_cert is not None)
    for variable, nearest in unknown_variables():
        log.warning("unknown_variable", variable=variable, nearest=nearest)
    try:
        _run(settings, sealed=sealed, show=show)
    except StartupError as error:
        log.error("not_started", code=error.code)  # noqa: TRY400 -- the command tells the rest, to a person
        raise
    log.info("stopped")


def _run(settings: Settings, *, sealed: bool, show: Show | None) -> None:
    ending = bootstrap_keys.Ending()

    def open_app(opened: Opened | None) -> FastAPI:
        services = open_services(settings, root=None if opened is None else opened.root, end=ending)
        require_safe_listen(settings, services)
        if opened is not None:
            services.seal.unsealed(opened.numbers)
        return create_app(services, log_addresses=settings.log_addresses, show=show, failed=ending.failed)

    with DataDirectory(settings.data_dir, shared=settings.is_shared):
        # What is told by the settings alone is told before the models are loaded.
        require_private(settings)
        require_tls_usable(settings)
        require_free(settings)
        if bootstrap_keys.starts_sealed(settings, asked=sealed):
            bootstrap_keys.serve_sealed(settings, open_app=open_app, ending=ending)
        else:
            bootstrap_keys.listen(open_app(None), settings, ending=ending)


@told_unreadable()
def require_safe_listen(settings: Settings, services: Services) -> None:
    """Beyond this machine only with TLS, an ``https`` address for links and a key that somebody holds.

    :raises UnsafeListen: one of them is missing, or one half of what TLS needs.
    """
    require_private(settings)
    if settings.is_loopback:
        return
    with services.store.read() as tx:
        if not tx.api_keys.count(revoked_at=None):
            raise UnsafeListen(f"Listening on {settings.host} without any API key makes no sense.")


def diagnose(settings: Settings) -> list[doctor.Check]:
    """Check everything a user can get wrong."""
    return doctor.diagnose(settings)


def _open_log(store: SqlStore, settings: Settings, keyring: Keyring, clock: Clock) -> Publisher:
    """The log's publisher, which is to look at what is published before anything is entered.

    :raises LogRenamed, WitnessesUnreadable: the leaf says what is wrong.
    """
    witnesses = [] if settings.log_witnesses is None else read_witnesses(settings.log_witnesses)
    if len(witnesses) < settings.log_witnesses_required:
        raise WitnessesUnreadable(f"{settings.log_witnesses_required} have to cosign; {len(witnesses)} are named.")
    return Publisher(
        store=store,
        clock=clock,
        folder=LogFolder(settings.log_folder),
        key=sign_log(store, settings, keyring).key,
        witnesses=witnesses,
        required=settings.log_witnesses_required,
        within=timedelta(seconds=settings.log_publish_within_s),
    )
