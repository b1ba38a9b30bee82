"""Handing references over in bulk (rule S6): asked for, approved by custodians, carried out once.

Every step is entered into the transparency log, and so is every refusal. Once the server is unsealed the quorum is a
rule that this code keeps and the log shows, not cryptography: the process has the keys.
"""

import hashlib
import itertools
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any, Final

import rfc8785

from visavis.consent.bundle import write_line
from visavis.flows.extract import Extractor
from visavis.flows.keyring import Keyring
from visavis.flows.live import require_recognisable
from visavis.flows.outgoing import header_line, told_of_person
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.reach import page_within
from visavis.flows.readings import Reader
from visavis.flows.record import record_act
from visavis.model.access import ApiKey, NotFound
from visavis.model.audit import Event
from visavis.model.consent import Subject
from visavis.model.errors import ConsentRefused, IntegrityError, Refusal
from visavis.model.export import (
    MAX_LIFE,
    Approval,
    ApprovalRepeated,
    Export,
    ExportReplayed,
    ExportRequest,
    ExportState,
    ExportStep,
    ExportTooLong,
)
from visavis.model.ids import new_id
from visavis.model.keys import Custody, SealBroken
from visavis.model.purpose import Gallery, ModelChanged
from visavis.protect.age import encrypted
from visavis.protect.approval import (
    approval_in,
    read_request,
    require_approval,
    require_approved,
    require_custodians,
    require_live,
    require_recipient,
    told_of,
    write_request,
)
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

_AT_ONCE: Final = 100
"""People whose leaving is entered, and stored, in one transaction, before any of them leaves."""

_NONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Approver:
    """Who approved: a custodian's number and name; None where they are no custodian any more."""

    number: int | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A request as it stands. ``document`` is what custodians sign; ``threshold`` how many of them it takes."""

    request: ExportRequest
    document: bytes
    state: ExportState
    approvers: Sequence[Approver]
    threshold: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row, opened."""

    row: Export
    document: bytes
    approvals: Sequence[Approval]


class Exports:
    """The exporting flow.

    :param installation: the origin of the log, by which custodians know whose request it is.
    """

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, extractor: Extractor, installation: str
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._extractor = extractor
        self._installation = installation

    @property
    def _custody(self) -> Custody:
        return self._keyring.keys.custody

    def request(self, *, gallery_id: str, recipient: str, lasts: timedelta, by: Reader) -> Standing:
        """Ask the custodians for an export of one gallery.

        1. There is such a gallery, made with the model that runs.
        2. The recipient is an age public key, and the request does not last too long.
        3. There are custodians to ask. That it was tried without is entered into the log.

        :param by: who asks, and why; both are signed.
        :raises NotFound, ModelChanged: 1. :raises RecipientMalformed, ExportTooLong: 2. :raises NoCustodians: 3.
        """
        now = self._clock.now().replace(microsecond=0)
        refused: Refusal | None = None
        with self._store.write() as tx:
            # 1
            gallery = self._gallery(tx, gallery_id)
            # 2
            require_recipient(recipient)
            if not timedelta(0) < lasts <= MAX_LIFE:
                raise ExportTooLong
            request = ExportRequest(
                id=new_id("exp"),
                installation=self._installation,
                purpose_id=gallery.purpose_id,
                gallery_id=gallery.id,
                recipient=recipient,
                reason=by.reason,
                asked_by=by.key.name,
                made_at=now,
                expires_at=now + lasts,
                nonce=urlsafe_b64encode(secrets.token_bytes(_NONCE_BYTES)).rstrip(b"=").decode(),
            )
            document = write_request(request)
            # 3
            try:
                require_custodians(self._custody)
            except Refusal as refusal:
                refused = refusal
                self._enter(tx, ExportStep.REFUSED, _told(request), by=by.key, code=refusal.code)
            else:
                tx.exports.add(self._sealed(request, document, ExportState.ASKED, []))
                self._enter(tx, ExportStep.REQUESTED, _told(request), by=by.key)
        if refused is not None:
            raise refused
        return Standing(read_request(document), document, ExportState.ASKED, (), self._custody.threshold)

    def get(self, export_id: str) -> Standing:
        """A request as it stands.

        :raises NotFound: there is none. :raises SealBroken: somebody edited it in the database.
        """
        with self._store.read() as tx:
            return self._standing(self._open(tx.exports.get(export_id)))

    def waiting(self, key: ApiKey, *, after: str | None, limit: int) -> Sequence[Standing]:
        """Requests of a key's galleries that can still be approved, in the order of their identifiers.

        One that somebody edited in the database is left out: asked for by itself it is refused.
        """
        found: list[Standing] = []
        with self._store.read() as tx:
            while len(found) < limit and (rows := page_within(tx.exports, key, after=after, limit=limit)):
                after = rows[-1].id
                for row in rows:
                    with suppress(Refusal, SealBroken):
                        found.append(self._standing(self._waiting(row)))
        return found[:limit]

    def approve(self, export_id: str, approval: Mapping[str, str], *, by: ApiKey) -> Standing:
        """Take one custodian's word.

        1. The request is as it was stored, was not carried out, and its time is not over.
        2. The approval is of a present custodian, over exactly this request.
        3. They have not approved it before.

        :param approval: ``key`` and ``signature``, as ``approval.told_of`` makes them.
        :param by: whose API key brought it; it is the signature that counts.
        :raises Refusal, SealBroken: the leaf says which; it is entered into the log.
        """
        refused: Refusal | SealBroken | None = None
        with self._store.write() as tx:
            row = tx.exports.get(export_id)
            try:
                # 1
                kept = self._waiting(row)
                # 2
                given = approval_in(dict(approval))
                custodian = require_approval(kept.document, given, custody=self._custody)
                # 3
                if any(earlier.key == given.key for earlier in kept.approvals):
                    raise ApprovalRepeated
            except (Refusal, SealBroken) as refusal:
                refused = refusal
                self._enter(tx, ExportStep.REFUSED, _told_of_row(tx, row), by=by, code=refusal.code)
            else:
                request = read_request(kept.document)
                kept = replace(kept, approvals=[*kept.approvals, given])
                tx.exports.change(self._sealed(request, kept.document, ExportState.ASKED, kept.approvals))
                self._enter(tx, ExportStep.APPROVED, _told(request), by=by, custodian=custodian.number)
                standing = self._standing(kept)
        if refused is not None:
            raise refused
        return standing

    def carry_out(self, export_id: str, *, by: ApiKey) -> Iterator[bytes]:
        """The bundle, encrypted to the recipient, in chunks that are made while they are taken.

        1. The request is as it was stored, was not carried out, and enough custodians approve it now.
        2. The gallery was made with the model that runs.
        3. That it is carried out is stored, and entered into the log, before anything leaves. If the bundle then gets
           lost on its way, a new request is needed.
        4. Each person's consent is asked for when their line is made, and their leaving is entered, for them to see,
           before it is given out.

        :raises Refusal, SealBroken: 1 or 2; it is entered into the log.
        """
        refused: Refusal | SealBroken | None = None
        with self._store.write() as tx:
            row = tx.exports.get(export_id)
            try:
                # 1
                kept = self._waiting(row)
                now = self._clock.now()
                request = require_approved(kept.document, kept.approvals, custody=self._custody, now=now)
                # 2
                gallery = self._gallery(tx, request.gallery_id)
            except (Refusal, SealBroken) as refusal:
                refused = refusal
                self._enter(tx, ExportStep.REFUSED, _told_of_row(tx, row), by=by, code=refusal.code)
            else:
                # 3
                tx.exports.change(self._sealed(request, kept.document, ExportState.CARRIED_OUT, kept.approvals))
                numbers = [approver.number for approver in self._standing(kept).approvers]
                self._enter(tx, ExportStep.DONE, _told(request), by=by, approvals=numbers)
                header = header_line(
                    tx,
                    gallery,
                    keyring=self._keyring,
                    document=kept.document,
                    approvals=kept.approvals,
                    dimension=self._extractor.dimension,
                    now=now,
                )
                everybody = [subject.id for subject in tx.subjects.find(gallery_id=gallery.id)]
        if refused is not None:
            raise refused
        # 4
        return encrypted(self._lines(header, everybody, request, by), recipient=request.recipient)

    def _lines(self, header: bytes, everybody: Sequence[str], request: ExportRequest, by: ApiKey) -> Iterator[bytes]:
        """The plaintext of a bundle."""
        digest = hashlib.sha256(header)
        yield header
        people = references = 0
        left = iter(everybody)
        while some := list(itertools.islice(left, _AT_ONCE)):
            lines = []
            with self._store.write() as tx:
                for subject_id in some:
                    told = self._person(tx, subject_id, request, by)
                    if told is None:
                        continue
                    people += 1
                    references += len(told["references"])
                    numbered = {**told, "number": people}
                    lines.append(write_line("person", numbered, controller_key=self._keyring.controller))
            for line in lines:
                digest.update(line)
                yield line
        end = {
            "request_id": request.id,
            "people": people,
            "references": references,
            "left_out": len(everybody) - people,
            "sha256": digest.hexdigest(),
        }
        yield write_line("end", end, controller_key=self._keyring.controller)

    def _person(self, tx: Transaction, subject_id: str, request: ExportRequest, by: ApiKey) -> dict[str, Any] | None:
        """What leaves of one person, whose leaving is entered; None where nothing may."""
        subject = tx.subjects.first(id=subject_id)
        if subject is None:
            return None
        try:
            require_recognisable(tx, subject, keyring=self._keyring, clock=self._clock)
            told = told_of_person(tx, subject, request, keyring=self._keyring)
        except (ConsentRefused, IntegrityError, NotFound):
            return None
        self._enter(tx, ExportStep.DONE, _told(request), by=by, about=subject)
        return told

    def _gallery(self, tx: Transaction, gallery_id: str) -> Gallery:
        gallery = tx.galleries.get(gallery_id)
        if gallery.model_id != self._extractor.model_id:
            raise ModelChanged(f"The gallery was made with {gallery.model_id}.")
        return gallery

    def _waiting(self, row: Export) -> _Kept:
        """A request that can still be approved and carried out."""
        kept = self._open(row)
        if row.state is not ExportState.ASKED:
            raise ExportReplayed
        require_live(read_request(kept.document), now=self._clock.now())
        return kept

    def _standing(self, kept: _Kept) -> Standing:
        custody = self._custody
        known = {custodian.approval_key: custodian for custodian in custody.custodians}
        found = [known.get(approval.key) for approval in kept.approvals]
        approvers = [Approver(None, None) if one is None else Approver(one.number, one.name) for one in found]
        return Standing(read_request(kept.document), kept.document, kept.row.state, approvers, custody.threshold)

    def _enter(
        self,
        tx: Transaction,
        step: ExportStep,
        told: Mapping[str, Any],
        *,
        by: ApiKey,
        about: Subject | None = None,
        **more: Any,
    ) -> None:
        record_act(
            tx,
            Event.EXPORT,
            now=self._clock.now(),
            fields={"act": step.value},
            details={**told, **more, "by": by.name},
            keyring=self._keyring,
            about=about,
        )

    def _sealed(
        self, request: ExportRequest, document: bytes, state: ExportState, approvals: Sequence[Approval]
    ) -> Export:
        """The row, whose parts open only together and where they belong."""
        row = Export(request.id, request.gallery_id, state, b"", b"", request.made_at, request.expires_at)
        said = rfc8785.dumps([told_of(approval) for approval in approvals])
        return replace(
            row,
            document=seal(document, key=self._key, context=_context_of_document(row)),
            approvals=seal(said, key=self._key, context=_context_of_approvals(row)),
        )

    def _open(self, row: Export) -> _Kept:
        """What ``_sealed`` made.

        :raises SealBroken: somebody edited it.
        """
        document = unseal(row.document, key=self._key, context=_context_of_document(row))
        said = json.loads(unseal(row.approvals, key=self._key, context=_context_of_approvals(row)))
        return _Kept(row, document, [approval_in(one) for one in said])

    @property
    def _key(self) -> bytes:
        return derive(self._keyring.installation, "exports")


def _told(request: ExportRequest) -> dict[str, Any]:
    """What an entry commits to of a request."""
    return {
        "export": request.id,
        "reason": request.reason,
        "gallery": request.gallery_id,
        "purpose": request.purpose_id,
        "recipient": request.recipient,
    }


def _told_of_row(tx: Transaction, row: Export) -> dict[str, Any]:
    """The same where the request itself may not open."""
    gallery = tx.galleries.first(id=row.gallery_id)
    return {"export": row.id, "gallery": row.gallery_id, "purpose": None if gallery is None else gallery.purpose_id}


def _context_of_document(row: Export) -> Context:
    times = (row.created_at.astimezone(UTC).isoformat(), row.expires_at.astimezone(UTC).isoformat())
    return Context("export request", (row.id, row.gallery_id, *times))


def _context_of_approvals(row: Export) -> Context:
    return Context("export approvals", (row.id, row.state.value))
