"""Lines of a bundle as they should be, one thing changed in them, and how a reader refuses them."""

import copy
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from support.bundles import CONTROLLER, PERSON, Foreign, key_of, text_of
from visavis.consent.bundle import (
    CarriedPerson,
    End,
    Header,
    Kind,
    read_end,
    read_header,
    read_line,
    read_person,
)
from visavis.consent.receipt import countersign
from visavis.model.errors import VisavisError
from visavis.model.export import BundleForged, BundleMalformed

GOOD: Final = Foreign()
NOW: Final = GOOD.now
LINES: Final = GOOD.lines()
TOLD: Final[dict[str, dict[str, Any]]] = {
    "header": GOOD.header(),
    "person": GOOD.person(1),
    "end": GOOD.end(LINES[:-1]),
}
KINDS: Final[tuple[Kind, ...]] = ("header", "person", "end")
OTHER: Final = key_of("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")  # RFC 8032, 7.1, TEST 3
A_TICK: Final = timedelta(microseconds=1)
A_SECOND: Final = timedelta(seconds=1)
GONE: Final = object()

NOT_JSON: Final = (BundleMalformed, "A line is not JSON.")
NOT_BASE64: Final = (BundleMalformed, "What should be base64 is not.")
ANOTHER_FORM: Final = (BundleMalformed, "This is not a bundle of a form that is known.")
HEADER_MEMBER: Final = (BundleMalformed, "A member of the header is missing or not of its form.")
PERSON_MEMBERS: Final = (BundleMalformed, "A person has other members than they should.")
PERSON_MEMBER: Final = (BundleMalformed, "A member of a person is missing or not of its form.")
END_MEMBERS: Final = (BundleMalformed, "The end has other members than it should.")
END_COUNT: Final = (BundleMalformed, "A count of the end is none.")
ANOTHER_BUNDLE: Final = (BundleForged, "A person was put here from another bundle.")
TEMPLATE_LENGTH: Final = (BundleMalformed, "A template is longer or shorter than the model makes them.")
UNALLOWED: Final = (BundleMalformed, "A reference has no receipt, or a receipt no reference.")
HOW_MANY: Final = (BundleMalformed, "A person has no references, or more than one may have.")
BROKEN_OFF: Final = (BundleMalformed, "The bundle breaks off before its end.")
MORE_OR_LESS: Final = (BundleMalformed, "The bundle has more or less in it than its end says.")
ORDER: Final = (BundleMalformed, "The people are not in their order.")
BEHIND: Final = (BundleMalformed, "There is something behind the end.")

Refusal = tuple[type[VisavisError], str]

NO_TEXT: Final[list[object]] = [None, 5, []]
NO_OBJECT: Final[list[object]] = [None, [], "text", 5, {}]
NO_COUNT: Final[list[object]] = [None, "4", 4.5, -1, True, False, [4]]
NO_LIST: Final[list[object]] = [None, 5, ["x"], [None], "x", {"a": 1}]
NO_TIME: Final[list[object]] = [None, 5, "", "soon", "9999-12-31T23:59:59-14:00"]


def refusal(act: Callable[..., object], *given: Any, **named: Any) -> Refusal:
    """The class and the words of the refusal of this call."""
    with pytest.raises(VisavisError) as refused:
        act(*given, **named)
    return type(refused.value), refused.value.detail


def raw(key: OKPKey) -> bytes:
    return urlsafe_b64decode(str(key.as_dict(private=False)["x"]) + "=")


def unlike(kind: Kind) -> Refusal:
    return BundleMalformed, f"A line is not the {kind} that should stand there."


def unsigned(kind: Kind) -> Refusal:
    return BundleForged, f"The {kind} was not signed by the controller that was named."


def changed(told: Mapping[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The same with one member of another value, or GONE."""
    found = copy.deepcopy(dict(told))
    at: Any = found
    for step in path[:-1]:
        at = at[step]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return found


def signed_as(label: str, kind: str, told: Any) -> bytes:
    """A line with the controller's signature over a text of that label."""
    private = CONTROLLER.private_key
    assert isinstance(private, Ed25519PrivateKey)
    signature = private.sign(f"visavis export bundle 1 {label}\n".encode() + rfc8785.dumps(told))
    return rfc8785.dumps({kind: told, "signature": text_of(signature)})


def line_read(line: bytes, kind: Kind = "header", *, key: bytes = raw(CONTROLLER)) -> dict[str, Any]:
    return read_line(line, kind=kind, controller_key=key)


def header_read(told: Mapping[str, Any], *, now: datetime = NOW, key: bytes = raw(CONTROLLER)) -> Header:
    return read_header(GOOD.line("header", told), controller_key=key, now=now)


HEADER: Final = header_read(TOLD["header"])


def person_read(told: Mapping[str, Any], *, header: Header = HEADER) -> CarriedPerson:
    return read_person(GOOD.line("person", told), header=header)


def end_read(told: Mapping[str, Any]) -> End:
    return read_end(GOOD.line("end", told), header=HEADER)


def two_receipts() -> dict[str, Any]:
    """A person who agreed twice, with three references."""
    subject_id, first = TOLD["person"]["subject_id"], TOLD["person"]["receipts"][0]
    offer = GOOD.offer("rec_second", subject_id)
    signed = countersign(offer, subject_key=PERSON, now=NOW)
    second = {"receipt_id": "rec_second", "offer": offer, "countersignature": signed}
    references = [
        {"receipt_id": receipt_id, "template": text_of(bytes([at]) * 16)}
        for at, receipt_id in enumerate(("rec_second", first["receipt_id"], "rec_second"))
    ]
    return {**TOLD["person"], "receipts": [first, second], "references": references}
