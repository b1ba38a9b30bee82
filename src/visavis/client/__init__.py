"""The Python client: one class per caller, over the same REST doors that everybody uses.

For example, a station that identifies a visitor::

    key = load_station_key("door.pem")
    with StationClient(base_url="https://faces.example", station_id="sta_…", private_key=key) as station:
        session = station.open_session("identify")
        print(station.identify(session.session_id, photo="visitor.jpg").decision)

Every caller is there twice: ``AsyncStationClient`` does the same in ``async with`` and with ``await``. Everything
that goes wrong is a ``VisavisProblem``; ``visavis.client.errors`` has a class for each code.
"""

from visavis.client import errors
from visavis.client.aio.custody import AsyncCustodianClient
from visavis.client.aio.links import AsyncConsentLink, AsyncGrantLink
from visavis.client.aio.log import AsyncLogReader
from visavis.client.aio.operating import AsyncVisavis
from visavis.client.aio.paging import async_every
from visavis.client.aio.pairing import AsyncNewStation
from visavis.client.aio.person import AsyncPerson
from visavis.client.aio.station import AsyncStationClient
from visavis.client.archive import CheckedArchive, check_archive
from visavis.client.bundles import BundleFile
from visavis.client.captures import Shown, keep_capture
from visavis.client.choices import Language, Resolution, Role, Scope, SessionKind, Variant
from visavis.client.imports import NamedPhoto, Part, person_digest
from visavis.client.own_log import OwnEntry, OwnLog
from visavis.client.photos import Photo
from visavis.client.pkcs11_key import Pkcs11Key
from visavis.client.problem import VisavisProblem
from visavis.client.receipt_file import Receipt
from visavis.client.station_key import load_station_key, make_station_key, public_key_text
from visavis.client.sync.custody import CustodianClient
from visavis.client.sync.links import ConsentLink, GrantLink
from visavis.client.sync.log import LogReader
from visavis.client.sync.operating import Visavis
from visavis.client.sync.paging import every
from visavis.client.sync.pairing import NewStation
from visavis.client.sync.person import Person
from visavis.client.sync.station import StationClient
from visavis.client.trying import Connections, Retries, Timeouts
from visavis.wire.capture import Taken
from visavis.wire.signing import DeviceKey

__all__ = [
    "AsyncConsentLink",
    "AsyncCustodianClient",
    "AsyncGrantLink",
    "AsyncLogReader",
    "AsyncNewStation",
    "AsyncPerson",
    "AsyncStationClient",
    "AsyncVisavis",
    "BundleFile",
    "CheckedArchive",
    "Connections",
    "ConsentLink",
    "CustodianClient",
    "DeviceKey",
    "GrantLink",
    "Language",
    "LogReader",
    "NamedPhoto",
    "NewStation",
    "OwnEntry",
    "OwnLog",
    "Part",
    "Person",
    "Photo",
    "Pkcs11Key",
    "Receipt",
    "Resolution",
    "Retries",
    "Role",
    "Scope",
    "SessionKind",
    "Shown",
    "StationClient",
    "Taken",
    "Timeouts",
    "Variant",
    "Visavis",
    "VisavisProblem",
    "async_every",
    "check_archive",
    "errors",
    "every",
    "keep_capture",
    "load_station_key",
    "make_station_key",
    "person_digest",
    "public_key_text",
]
