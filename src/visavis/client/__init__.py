"""The Python client: one class per caller, over the same REST doors that everybody uses.

For example, a station that identifies a visitor::

    key = load_station_key("door.pem")
    with StationClient(base_url="https://faces.example", station_id="sta_…", private_key=key) as station:
        session = station.open_session("identify")
        print(station.identify(session.session_id, photo="visitor.jpg").decision)

Everything that goes wrong is a ``VisavisProblem``.
"""

from visavis.client.links import ConsentLink, GrantLink
from visavis.client.operating import Visavis
from visavis.client.person import Person
from visavis.client.photos import Photo
from visavis.client.problem import VisavisProblem
from visavis.client.receipt_file import Receipt
from visavis.client.station import StationClient
from visavis.client.station_key import load_station_key, make_station_key, public_key_text

__all__ = [
    "ConsentLink",
    "GrantLink",
    "Person",
    "Photo",
    "Receipt",
    "StationClient",
    "Visavis",
    "VisavisProblem",
    "load_station_key",
    "make_station_key",
    "public_key_text",
]
