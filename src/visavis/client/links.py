"""One-time links: what a person is asked through one, and their answer.

The secret of a link stands after ``#``, so that it is in no server's log; here it travels in a header.
"""

import json
import re
import ssl
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Self

import httpx2
from joserfc.jwk import OKPKey

from visavis.client.caller import Caller
from visavis.client.problem import problem_here
from visavis.client.receipt_file import Receipt
from visavis.client.transport import TIMEOUT_S, Body, LinkSecret, Transport, door
from visavis.consent.receipt import GRANT_STATEMENT, STATEMENT, countersign, grant
from visavis.wire.deciding import GrantRequest, GrantTermsAnswer, SessionAnswer
from visavis.wire.people import AgreedAnswer, CountersignRequest, DeclinedAnswer, TermsAnswer

_PERSONAL_PREFIX: Final = "session="
_SECRET: Final = re.compile(rf"(?:{_PERSONAL_PREFIX})?[A-Za-z0-9_-]{{16,64}}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link in its two parts."""

    server: str
    secret: str = field(repr=False)

    @classmethod
    def read(cls, link: str, *, page: str) -> Self:
        """The parts of ``https://server/page#secret``.

        :raises VisavisProblem: ``link_unreadable``.
        """
        address, _, secret = link.strip().partition("#")
        server, _, found = address.rpartition("/")
        if found != page or not server or not _SECRET.fullmatch(secret):
            raise problem_here("link_unreadable", f"A link of this kind looks like https://server/{page}#secret.")
        return cls(server, secret)


class PersonalLink:
    """The link of a personal session, ``https://server/me#session=secret``."""

    @staticmethod
    def read(link: str) -> Link:
        """Its parts.

        :raises VisavisProblem: ``link_unreadable``.
        """
        parts = Link.read(link, page="me")
        if not parts.secret.startswith(_PERSONAL_PREFIX):
            raise problem_here("link_unreadable", "A personal session's link ends in #session= and a secret.")
        return replace(parts, secret=parts.secret.removeprefix(_PERSONAL_PREFIX))


class _OnLink(Caller):
    _page: ClassVar[str]

    def __init__(
        self,
        link: str,
        *,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        parts = Link.read(link, page=self._page)
        self._server = parts.server
        credentials = LinkSecret(parts.secret)
        super().__init__(
            Transport(parts.server, credentials=credentials, timeout_s=timeout_s, tls=tls, transport=transport)
        )


class ConsentLink(_OnLink):
    """Somebody who was asked for their consent.

    Agreeing takes three steps, so that the key is kept before it matters: ``prepare`` a receipt from the terms,
    ``save`` it, ``countersign``. Every method raises ``VisavisProblem`` where the server refuses.

    :param link: the whole link, ``https://server/consent#…``.
    """

    _page = "consent"

    def terms(self) -> TermsAnswer:
        """What the person is asked to agree to.

        :raises VisavisProblem: also ``offer_unfit``, where what is shown is not what would be signed.
        """
        terms = self._transport.get(door("consent"), TermsAnswer)
        if _payload(terms.offer) != terms.record or terms.statement != STATEMENT:
            raise problem_here("offer_unfit", "The signed offer differs from the text beside it.")
        return terms

    def prepare(self, terms: TermsAnswer, *, earlier: Receipt | None = None) -> Receipt:
        """Sign what ``terms`` showed, here; nothing is sent.

        :param earlier: the receipt of the same person in the same gallery, if they have one: its key is used again.
        :raises VisavisProblem: ``offer_unfit``, where the offer does not name a person and a receipt.
        """
        record = _payload(terms.offer)
        subject_id, receipt_id = record.get("pii_principal_id"), record.get("record_id")
        if not isinstance(subject_id, str) or not isinstance(receipt_id, str):
            raise problem_here("offer_unfit", "The offer names no person or no receipt.")
        key = OKPKey.generate_key("Ed25519") if earlier is None else earlier.okp_key
        return Receipt(
            server=self._server,
            subject_id=subject_id,
            receipt_id=receipt_id,
            offer=terms.offer,
            countersignature=countersign(terms.offer, subject_key=key, now=datetime.now(UTC)),
            private_key={name: str(value) for name, value in key.as_dict(private=True).items()},
        )

    def countersign(self, receipt: Receipt) -> AgreedAnswer:
        """Send the countersignature; from now on the person is recognised, unless an operator has to look first."""
        body = Body(shape=CountersignRequest(countersignature=receipt.countersignature))
        return self._transport.post(door("consent", "countersignature"), AgreedAnswer, body)

    def decline(self) -> DeclinedAnswer:
        """Say no: the face is erased at once."""
        return self._transport.post(door("consent", "refusal"), DeclinedAnswer)


class GrantLink(_OnLink):
    """The holder of a document who was asked to have it checked, once.

    Every method raises ``VisavisProblem`` where the server refuses.

    :param link: the whole link, ``https://server/grant#…``.
    """

    _page = "grant"

    def terms(self) -> GrantTermsAnswer:
        """What the holder is asked; ``session_unknown`` once it was granted or its time is over.

        :raises VisavisProblem: also ``offer_unfit``, where the statement is not the one that would be signed.
        """
        terms = self._transport.get(door("grant"), GrantTermsAnswer)
        if terms.statement != GRANT_STATEMENT:
            raise problem_here("offer_unfit", "The statement differs from the one that would be signed.")
        return terms

    def grant(self, terms: GrantTermsAnswer) -> SessionAnswer:
        """Grant the check under the text that ``terms`` showed, with a key made for this once and then forgotten."""
        key = OKPKey.generate_key("Ed25519")
        token = grant(session_id=terms.session_id, text=terms.text, holder_key=key, now=datetime.now(UTC))
        return self._transport.post(door("grant"), SessionAnswer, Body(shape=GrantRequest(grant=token)))


def _payload(offer: str) -> dict[str, Any]:
    """The record inside an offer. Whose signature it bears is between the controller and the server."""
    try:
        part = offer.split(".")[1]
        record = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        raise problem_here("offer_unfit", "The offer cannot be read.") from None
    if not isinstance(record, dict):
        raise problem_here("offer_unfit", "The offer cannot be read.")
    return record
