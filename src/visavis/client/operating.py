"""An operator: sets up purposes, galleries and stations, enrols people and helps them."""

import ssl
from collections.abc import Sequence
from typing import Final, Literal

import httpx2

from visavis.client.caller import Caller
from visavis.client.photos import Photo, as_file
from visavis.client.problem import problem_here
from visavis.client.transport import NOTHING, TIMEOUT_S, Bearer, Body, Transport, door
from visavis.wire.deciding import DecisionRecord, InvitationAnswer, InvitationRequest
from visavis.wire.people import (
    EnrolmentAnswer,
    OtherWay,
    ResolutionRequest,
    ReviewAnswer,
    SubjectAnswer,
    SubjectRow,
    WithoutFaceAnswer,
    WithoutFaceRequest,
)
from visavis.wire.setup import (
    ApiKeyAnswer,
    ApiKeyRequest,
    GalleryAnswer,
    GalleryRequest,
    PurposeAnswer,
    PurposeRequest,
    StationAnswer,
    StationRequest,
    TextAnswer,
    TextRequest,
)
from visavis.wire.shape import Page

PAGE: Final = 50
"""Entries of one page of a list, where none is said; the server gives 200 at most."""

Scope = Literal["admin", "enrol", "operate"]


class Visavis(Caller):
    """A server, as the holder of an API key sees it.

    Every method raises ``VisavisProblem`` where the server refuses. Lists come in pages: pass a page's ``next`` as
    ``after``. A write that carries an ``idempotency_key`` of yours can be sent again after a lost answer without
    being done twice; this client itself sends every write once.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise problem_here("api_key_missing", "There is no API key, or it is not one of ours.")
        super().__init__(
            Transport(base_url, credentials=Bearer(api_key), timeout_s=timeout_s, tls=tls, transport=transport)
        )

    def state_purpose(self, purpose: PurposeRequest, *, idempotency_key: str | None = None) -> PurposeAnswer:
        """State a purpose, with the first version of its text."""
        return self._transport.post(door("purposes"), PurposeAnswer, Body(purpose, idempotency_key=idempotency_key))

    def reword_purpose(
        self, purpose_id: str, *, text: str, language: str = "en", idempotency_key: str | None = None
    ) -> TextAnswer:
        """A new version of the text, for people who are asked from now on."""
        body = Body(TextRequest(language=language, text=text), idempotency_key=idempotency_key)
        return self._transport.post(door("purposes", purpose_id, "texts"), TextAnswer, body)

    def purpose(self, purpose_id: str) -> PurposeAnswer:
        """One purpose."""
        return self._transport.get(door("purposes", purpose_id), PurposeAnswer)

    def purposes(self, *, after: str | None = None, limit: int = PAGE) -> Page[PurposeAnswer]:
        """A page of the purposes."""
        return self._transport.get(door("purposes"), Page[PurposeAnswer], query={"after": after, "limit": limit})

    def open_gallery(self, *, name: str, purpose_id: str, idempotency_key: str | None = None) -> GalleryAnswer:
        """An empty gallery for one purpose."""
        body = Body(GalleryRequest(name=name, purpose_id=purpose_id), idempotency_key=idempotency_key)
        return self._transport.post(door("galleries"), GalleryAnswer, body)

    def gallery(self, gallery_id: str) -> GalleryAnswer:
        """One gallery."""
        return self._transport.get(door("galleries", gallery_id), GalleryAnswer)

    def galleries(self, *, after: str | None = None, limit: int = PAGE) -> Page[GalleryAnswer]:
        """A page of the galleries."""
        return self._transport.get(door("galleries"), Page[GalleryAnswer], query={"after": after, "limit": limit})

    def enrol(
        self,
        gallery_id: str,
        *,
        external_reference: str,
        photos: Sequence[Photo],
        idempotency_key: str | None = None,
    ) -> EnrolmentAnswer:
        """Photos of one person become references that nobody is matched with until the person agrees.

        :param external_reference: your own name for the person, 1 to 200 characters.
        :param photos: one to five.
        :returns: the one-time link to hand to the person; the answer is the same whoever was there before.
        """
        body = Body(
            files=[as_file("photos", photo) for photo in photos],
            form={"external_reference": external_reference},
            idempotency_key=idempotency_key,
        )
        return self._transport.post(door("galleries", gallery_id, "enrolments"), EnrolmentAnswer, body)

    def add_without_face(
        self, gallery_id: str, *, external_reference: str, idempotency_key: str | None = None
    ) -> WithoutFaceAnswer:
        """Somebody who is served by PIN and QR credential only."""
        body = Body(WithoutFaceRequest(external_reference=external_reference), idempotency_key=idempotency_key)
        return self._transport.post(door("galleries", gallery_id, "without-face"), WithoutFaceAnswer, body)

    def subjects(self, gallery_id: str, *, after: str | None = None, limit: int = PAGE) -> Page[SubjectRow]:
        """A page of a gallery's people, without their names."""
        path, query = door("galleries", gallery_id, "subjects"), {"after": after, "limit": limit}
        return self._transport.get(path, Page[SubjectRow], query=query)

    def subject(self, subject_id: str) -> SubjectAnswer:
        """Everything that is held about one person."""
        return self._transport.get(door("subjects", subject_id), SubjectAnswer)

    def subject_by_reference(self, gallery_id: str, *, external_reference: str) -> SubjectAnswer:
        """The same, found by your own name for the person."""
        path = door("galleries", gallery_id, "subjects", "by-reference")
        return self._transport.get(path, SubjectAnswer, query={"external_reference": external_reference})

    def withdraw(self, subject_id: str, *, idempotency_key: str | None = None) -> None:
        """Withdraw for somebody who asked for it: key, references and credentials are destroyed."""
        self._transport.act("POST", door("subjects", subject_id, "withdrawal"), Body(idempotency_key=idempotency_key))

    def new_credentials(self, subject_id: str, *, idempotency_key: str | None = None) -> OtherWay:
        """A new PIN and QR credential for somebody who lost theirs."""
        body = Body(idempotency_key=idempotency_key)
        return self._transport.post(door("subjects", subject_id, "credentials"), OtherWay, body)

    def register_station(self, station: StationRequest, *, idempotency_key: str | None = None) -> StationAnswer:
        """Register a device by its public key."""
        return self._transport.post(door("stations"), StationAnswer, Body(station, idempotency_key=idempotency_key))

    def station(self, station_id: str) -> StationAnswer:
        """One station."""
        return self._transport.get(door("stations", station_id), StationAnswer)

    def stations(self, *, after: str | None = None, limit: int = PAGE) -> Page[StationAnswer]:
        """A page of the stations."""
        return self._transport.get(door("stations"), Page[StationAnswer], query={"after": after, "limit": limit})

    def reopen_station(self, station_id: str, *, idempotency_key: str | None = None) -> StationAnswer:
        """Unlock a station that you have looked at."""
        body = Body(idempotency_key=idempotency_key)
        return self._transport.post(door("stations", station_id, "reopening"), StationAnswer, body)

    def make_api_key(self, *, name: str, scopes: Sequence[Scope], idempotency_key: str | None = None) -> ApiKeyAnswer:
        """A new key; its secret is in this answer and nowhere else."""
        body = Body(ApiKeyRequest(name=name, scopes=list(scopes)), idempotency_key=idempotency_key)
        return self._transport.post(door("api-keys"), ApiKeyAnswer, body)

    def api_keys(self, *, after: str | None = None, limit: int = PAGE) -> Page[ApiKeyAnswer]:
        """A page of the keys, without their secrets."""
        return self._transport.get(door("api-keys"), Page[ApiKeyAnswer], query={"after": after, "limit": limit})

    def revoke_api_key(self, key_id: str) -> None:
        """End a key's use at once."""
        self._transport.act("DELETE", door("api-keys", key_id), NOTHING)

    def reviews(self, *, after: str | None = None, limit: int = PAGE) -> Page[ReviewAnswer]:
        """A page of what waits for a person."""
        return self._transport.get(door("reviews"), Page[ReviewAnswer], query={"after": after, "limit": limit})

    def resolve_review(
        self,
        review_id: str,
        resolution: Literal["activate", "erase", "noted"],
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """End a review: held enrolments take ``activate`` or ``erase``, look-alikes ``noted``."""
        body = Body(ResolutionRequest(resolution=resolution), idempotency_key=idempotency_key)
        self._transport.act("POST", door("reviews", review_id, "resolution"), body)

    def decisions(self, gallery_id: str, *, after: str | None = None, limit: int = PAGE) -> Page[DecisionRecord]:
        """A page of one gallery's decisions that are within their purpose's retention.

        There is no list across galleries, nor by person (rule S5).
        """
        query = {"gallery_id": gallery_id, "after": after, "limit": limit}
        return self._transport.get(door("decisions"), Page[DecisionRecord], query=query)

    def document_checks(self, purpose_id: str, *, after: str | None = None, limit: int = PAGE) -> Page[DecisionRecord]:
        """A page of one purpose's document checks; nothing of the pictures is in them."""
        query = {"purpose_id": purpose_id, "after": after, "limit": limit}
        return self._transport.get(door("decisions"), Page[DecisionRecord], query=query)

    def invite(self, subject_id: str, *, attended: bool, idempotency_key: str | None = None) -> InvitationAnswer:
        """Prepare a personal session; the person opens its link on their own device, within 120 s.

        :param attended: whether somebody watches the person's capture.
        """
        body = Body(InvitationRequest(subject_id=subject_id, attended=attended), idempotency_key=idempotency_key)
        return self._transport.post(door("personal-sessions"), InvitationAnswer, body)

    def personal_decision(self, session_id: str) -> DecisionRecord:
        """What was decided in a personal session; ``not_found`` until it was."""
        return self._transport.get(door("personal-sessions", session_id), DecisionRecord)
