"""One-time links, and what a person signs behind one; nothing here is sent.

The secret of a link stands after ``#``, so that it is in no server's log; here it travels in a header.
"""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from joserfc.jwk import OKPKey

from visavis.client.raising import problem_here
from visavis.client.receipt_file import Receipt
from visavis.consent.receipt import countersign, grant, statement_for
from visavis.consent.sentences import sentences_in
from visavis.wire.deciding import GrantTermsAnswer
from visavis.wire.people import RenewalTerms, TermsAnswer

_PERSONAL_PREFIX: Final = "session="
_SECRET: Final = re.compile(rf"(?:{_PERSONAL_PREFIX})?[A-Za-z0-9_-]{{16,64}}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link in its two parts."""

    server: str
    secret: str = field(repr=False)

    @classmethod
    def read(cls, link: str, *, page: str, or_page: str | None = None) -> Self:
        """The parts of ``https://server/page#secret``.

        :param or_page: another page that such a link may lead to.
        :raises VisavisProblem: ``link_unreadable``.
        """
        address, _, secret = link.strip().partition("#")
        server, _, found = address.rpartition("/")
        if found not in {page, or_page or page} or not server or not _SECRET.fullmatch(secret):
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


def honest(terms: TermsAnswer) -> TermsAnswer:
    """The terms themselves, where what is shown is what would be signed.

    :raises VisavisProblem: ``offer_unfit``.
    """
    if offered(terms.offer) != terms.record or terms.statement != statement_for(terms.offer):
        raise problem_here("offer_unfit", "The signed offer differs from the text beside it.")
    return terms


def honest_grant(terms: GrantTermsAnswer) -> GrantTermsAnswer:
    """The terms of a document check themselves, where their statement is the one that would be signed.

    :raises VisavisProblem: ``offer_unfit``.
    """
    if terms.statement != sentences_in(terms.language).grant:
        raise problem_here("offer_unfit", "The statement differs from the one that would be signed.")
    return terms


def prepared(terms: TermsAnswer, *, server: str, earlier: Receipt | None) -> Receipt:
    """What ``terms`` showed, signed with a new key, or with that of an earlier receipt.

    :raises VisavisProblem: ``offer_unfit``, where the offer does not name a person and a receipt.
    """
    record = offered(terms.offer)
    subject_id, receipt_id = record.get("pii_principal_id"), record.get("record_id")
    if not isinstance(subject_id, str) or not isinstance(receipt_id, str):
        raise problem_here("offer_unfit", "The offer names no person or no receipt.")
    key = OKPKey.generate_key("Ed25519") if earlier is None else earlier.okp_key
    return Receipt(
        server=server,
        subject_id=subject_id,
        receipt_id=receipt_id,
        offer=terms.offer,
        countersignature=countersign(terms.offer, subject_key=key, now=datetime.now(UTC)),
        private_key={name: str(value) for name, value in key.as_dict(private=True).items()},
        # What was pinned earlier stays: a new offer is no reason to believe a log with another key.
        log_key=terms.log_key if earlier is None or earlier.log_key is None else earlier.log_key,
        log_checkpoint=None if earlier is None else earlier.log_checkpoint,
    )


def honest_renewal(terms: RenewalTerms, *, renews: str) -> RenewalTerms:
    """The terms of a renewal themselves, where they are for this receipt and the statement is what would be signed.

    :raises VisavisProblem: ``offer_unfit``.
    """
    if offered(terms.offer).get("renews") != renews or terms.statement != statement_for(terms.offer):
        raise problem_here("offer_unfit", "The offer is not for this receipt, or differs from the sentence beside it.")
    return terms


def renewed(terms: RenewalTerms, *, earlier: Receipt) -> Receipt:
    """What ``terms`` showed, signed with the key of the receipt in whose place it steps.

    :raises VisavisProblem: ``offer_unfit``, where the offer is for somebody else.
    """
    if offered(terms.offer).get("pii_principal_id") != earlier.subject_id:
        raise problem_here("offer_unfit", "The offer is for somebody else.")
    return replace(
        earlier,
        receipt_id=terms.receipt_id,
        offer=terms.offer,
        countersignature=countersign(terms.offer, subject_key=earlier.okp_key, now=datetime.now(UTC)),
    )


def granted(terms: GrantTermsAnswer) -> str:
    """A grant of the check that ``terms`` showed, signed with a key made for this once and then forgotten."""
    key = OKPKey.generate_key("Ed25519")
    now = datetime.now(UTC)
    return grant(session_id=terms.session_id, text=terms.text, language=terms.language, holder_key=key, now=now)


def offered(offer: str) -> dict[str, Any]:
    """The record inside an offer. Whose signature it bears is between the controller and the server.

    :raises VisavisProblem: ``offer_unfit``, where there is none.
    """
    try:
        part = offer.split(".")[1]
        record = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        raise problem_here("offer_unfit", "The offer cannot be read.") from None
    if not isinstance(record, dict):
        raise problem_here("offer_unfit", "The offer cannot be read.")
    return record
