"""An operator: sets up purposes, galleries and stations, enrols people and helps them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from visavis.client.aio.enrolling import AsyncEnrolling
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.choices import PAGE, Language, Resolution, Scope
from visavis.client.credentials import Bearer
from visavis.client.exchange import Body, archive_in, because, door, stretch
from visavis.client.raising import problem_here
from visavis.wire.deciding import DecisionRecord, InvitationAnswer, InvitationRequest
from visavis.wire.health import ControllerKeys, Health, Ready
from visavis.wire.keys import GalleryKeyAnswer, KeysAnswer
from visavis.wire.people import (
    LookAlikeAnswer,
    LookAlikeRequest,
    LookupRequest,
    OtherWay,
    ReadingAnswer,
    ResolutionRequest,
    ReviewAnswer,
    SubjectAnswer,
    SubjectRow,
)
from visavis.wire.seal import SealedAnswer
from visavis.wire.setup import (
    ApiKeyAnswer,
    ApiKeyRequest,
    AttestationRequest,
    EndRequest,
    GalleryAnswer,
    GalleryDetail,
    GalleryRequest,
    OwnRatesAnswer,
    PairingAnswer,
    PurposeAnswer,
    PurposeRequest,
    RotationAnswer,
    RotationRequest,
    StationAnswer,
    StationKeyRequest,
    StationRequest,
    TextAnswer,
    TextRequest,
)
from visavis.wire.shape import Page


class AsyncVisavis(AsyncEnrolling):
    """A server, as the holder of an API key sees it.

    Every method raises ``VisavisProblem`` where the server refuses. Lists come in pages: pass a page's ``next`` as
    ``after``, or let ``async_every`` do it. A write that carries an ``idempotency_key`` of yours can be sent again
    after a lost answer without being done twice, and is (``Retries``); a write without one is sent once.

    What reads about people takes a ``reason``, 1 to 200 printable characters. The server keeps it, and the person sees
    who looked and why.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        **options: Unpack[AsyncOptions],
    ) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise problem_here("api_key_missing", "There is no API key, or it is not one of ours.")
        super().__init__(AsyncTransport(base_url, credentials=Bearer(api_key), **options))

    async def alive(self) -> Health:
        """Whether the process answers."""
        return await self._transport.get("/healthz", Health)

    async def ready(self) -> Ready:
        """Whether the server has loaded its galleries; ``not_ready`` until then."""
        return await self._transport.get("/readyz", Ready)

    async def controller_keys(self) -> ControllerKeys:
        """The public keys that offers are signed with."""
        return await self._transport.get("/.well-known/jwks.json", ControllerKeys)

    async def state_purpose(self, purpose: PurposeRequest, *, idempotency_key: str | None = None) -> PurposeAnswer:
        """State a purpose, with the first version of its text."""
        return await self._transport.post(
            door("purposes"), PurposeAnswer, Body(purpose, idempotency_key=idempotency_key)
        )

    async def reword_purpose(
        self, purpose_id: str, *, text: str, language: str = "en", idempotency_key: str | None = None
    ) -> TextAnswer:
        """A new version of the text, for people who are asked from now on."""
        body = Body(TextRequest(language=language, text=text), idempotency_key=idempotency_key)
        return await self._transport.post(door("purposes", purpose_id, "texts"), TextAnswer, body)

    async def end_purpose(
        self, purpose_id: str, *, at: datetime | None = None, idempotency_key: str | None = None
    ) -> PurposeAnswer:
        """End a purpose: nobody is asked or recognised for it any more, and everybody in it is erased.

        :param at: a time to come, which people are told who are asked until then; None: now.
        """
        body = Body(EndRequest(ends_at=at), idempotency_key=idempotency_key)
        return await self._transport.post(door("purposes", purpose_id, "end"), PurposeAnswer, body)

    async def purpose(self, purpose_id: str) -> PurposeAnswer:
        """One purpose."""
        return await self._transport.get(door("purposes", purpose_id), PurposeAnswer)

    async def purposes(self, *, after: str | None = None, limit: int = PAGE) -> Page[PurposeAnswer]:
        """A page of the purposes."""
        return await self._transport.get(door("purposes"), Page[PurposeAnswer], query={"after": after, "limit": limit})

    async def open_gallery(self, *, name: str, purpose_id: str, idempotency_key: str | None = None) -> GalleryAnswer:
        """An empty gallery for one purpose."""
        body = Body(GalleryRequest(name=name, purpose_id=purpose_id), idempotency_key=idempotency_key)
        return await self._transport.post(door("galleries"), GalleryAnswer, body)

    async def gallery(self, gallery_id: str, *, until: datetime | None = None) -> GalleryDetail:
        """One gallery, what it promises at its present size, and how its bar moved.

        :param until: aware; its bar's newest 100 moves from before then, in place of the newest of all.
        """
        query = {"until": None if until is None else until.isoformat()}
        return await self._transport.get(door("galleries", gallery_id), GalleryDetail, query=query)

    async def measure_gallery(self, gallery_id: str) -> OwnRatesAnswer:
        """Measure how alike a gallery's own people are; a night does it by itself."""
        return await self._transport.post(door("galleries", gallery_id, "own-rates"), OwnRatesAnswer, Body())

    async def galleries(self, *, after: str | None = None, limit: int = PAGE) -> Page[GalleryAnswer]:
        """A page of the galleries."""
        return await self._transport.get(door("galleries"), Page[GalleryAnswer], query={"after": after, "limit": limit})

    async def subjects(
        self, gallery_id: str, *, reason: str, after: str | None = None, limit: int = PAGE
    ) -> Page[SubjectRow]:
        """A page of a gallery's people, without their names."""
        path, query = door("galleries", gallery_id, "subjects"), {"after": after, "limit": limit}
        return await self._transport.get(path, Page[SubjectRow], query=query, headers=because(reason))

    async def subject(self, subject_id: str, *, reason: str, with_name: bool = True) -> SubjectAnswer:
        """Everything that is held about one person.

        :param with_name: False: without your own name for them, and the person sees that you were not told.
        """
        query = {"with_name": None if with_name else "false"}
        path = door("subjects", subject_id)
        return await self._transport.get(path, SubjectAnswer, query=query, headers=because(reason))

    async def subject_archive(self, subject_id: str, *, reason: str, language: Language = "en") -> bytes:
        """Everything that is held about one person, as a signed zip file to be handed to them.

        It has no numbers of templates, and not their entries in the log: they get those with their receipt.

        :param language: of the page in it, for the person who reads it; the data is the same in any.
        """
        headers = {**archive_in(language), **because(reason)}
        reply = await self._transport.fetch(door("subjects", subject_id, "archive"), headers=headers, method="POST")
        return reply.content

    async def subject_by_reference(self, gallery_id: str, *, external_reference: str, reason: str) -> SubjectAnswer:
        """The same, found by your own name for the person."""
        body = Body(LookupRequest(external_reference=external_reference, reason=reason))
        return await self._transport.post(door("galleries", gallery_id, "subjects", "lookup"), SubjectAnswer, body)

    async def readings(
        self, gallery_id: str, *, reason: str, after: str | None = None, limit: int = PAGE
    ) -> Page[ReadingAnswer]:
        """A page of who read about a gallery's people, and why. Reading this is recorded as well."""
        query = {"gallery_id": gallery_id, "after": after, "limit": limit}
        return await self._transport.get(door("readings"), Page[ReadingAnswer], query=query, headers=because(reason))

    async def document_check_readings(
        self, purpose_id: str, *, reason: str, after: str | None = None, limit: int = PAGE
    ) -> Page[ReadingAnswer]:
        """The same for a purpose's document checks."""
        query = {"purpose_id": purpose_id, "after": after, "limit": limit}
        return await self._transport.get(door("readings"), Page[ReadingAnswer], query=query, headers=because(reason))

    async def withdraw(self, subject_id: str, *, reason: str, idempotency_key: str | None = None) -> None:
        """Withdraw for somebody who asked for it: key, references and credentials are destroyed.

        :param reason: how you know that they want it; it is entered into the log, and ``erasure`` tells it.
        """
        path, body = door("subjects", subject_id, "withdrawal"), Body(idempotency_key=idempotency_key)
        await self._transport.act("POST", path, body, headers=because(reason))

    async def new_credentials(self, subject_id: str, *, reason: str, idempotency_key: str | None = None) -> OtherWay:
        """A new PIN and QR credential for somebody who lost theirs.

        :param reason: why you make them; the person sees it, and who made them.
        """
        path, body = door("subjects", subject_id, "credentials"), Body(idempotency_key=idempotency_key)
        return await self._transport.post(path, OtherWay, body, headers=because(reason))

    async def keys(self) -> KeysAnswer:
        """Where the root key is, and the erasure epochs; no key itself."""
        return await self._transport.get(door("keys"), KeysAnswer)

    async def rotate_root(self) -> KeysAnswer:
        """Exchange the root key in its file."""
        return await self._transport.post(door("keys", "root", "rotation"), KeysAnswer, Body())

    async def rotate_epoch(self) -> KeysAnswer:
        """Begin a new erasure epoch now."""
        return await self._transport.post(door("keys", "epoch", "rotation"), KeysAnswer, Body())

    async def rotate_gallery_key(self, gallery_id: str) -> GalleryKeyAnswer:
        """Exchange a gallery's key: every reference in it is transformed anew."""
        return await self._transport.post(door("galleries", gallery_id, "key", "rotation"), GalleryKeyAnswer, Body())

    async def rotate_subject_key(self, subject_id: str) -> None:
        """Exchange a person's key: everything that is kept of them is sealed anew."""
        await self._transport.act("POST", door("subjects", subject_id, "key", "rotation"), Body())

    async def register_station(self, station: StationRequest, *, idempotency_key: str | None = None) -> StationAnswer:
        """Register a device by its public key."""
        return await self._transport.post(
            door("stations"), StationAnswer, Body(station, idempotency_key=idempotency_key)
        )

    async def station(self, station_id: str) -> StationAnswer:
        """One station."""
        return await self._transport.get(door("stations", station_id), StationAnswer)

    async def stations(self, *, after: str | None = None, limit: int = PAGE) -> Page[StationAnswer]:
        """A page of the stations."""
        return await self._transport.get(door("stations"), Page[StationAnswer], query={"after": after, "limit": limit})

    async def offer_pairing(self, station_id: str) -> PairingAnswer:
        """A one-time code for the device that is to be this station, good for ten minutes."""
        return await self._transport.post(door("stations", station_id, "pairing"), PairingAnswer)

    async def reopen_station(self, station_id: str, *, idempotency_key: str | None = None) -> StationAnswer:
        """Unlock a station that you have looked at."""
        body = Body(idempotency_key=idempotency_key)
        return await self._transport.post(door("stations", station_id, "reopening"), StationAnswer, body)

    async def replace_station_key(
        self, station_id: str, *, public_key: str, idempotency_key: str | None = None
    ) -> StationAnswer:
        """Give a station a new key (``public_key_text``); the old one opens nothing from then on."""
        body = Body(StationKeyRequest(public_key=public_key), idempotency_key=idempotency_key)
        return await self._transport.put(door("stations", station_id, "key"), StationAnswer, body)

    async def attest_station(self, station_id: str, *, chain: str, idempotency_key: str | None = None) -> StationAnswer:
        """Enter who vouches for the device that holds a station's key.

        :param chain: certificates (X.509, PEM), the device's first.
        """
        body = Body(AttestationRequest(chain=chain), idempotency_key=idempotency_key)
        return await self._transport.put(door("stations", station_id, "attestation"), StationAnswer, body)

    async def retire_station(self, station_id: str) -> None:
        """Take a station out of use for good and at once; its decisions stay."""
        await self._transport.act("DELETE", door("stations", station_id))

    async def make_api_key(
        self,
        *,
        name: str,
        scopes: Sequence[Scope],
        gallery_ids: Sequence[str] | None = None,
        expires_in_days: int | None = None,
        idempotency_key: str | None = None,
    ) -> ApiKeyAnswer:
        """A new key; its secret is in this answer and nowhere else.

        :param gallery_ids: the galleries it is for; None: all. A key with ``admin`` is for all.
        :param expires_in_days: when it ends by itself, 1 to 3660; None: never.
        """
        request = ApiKeyRequest(
            name=name,
            scopes=list(scopes),
            gallery_ids=None if gallery_ids is None else list(gallery_ids),
            expires_in_days=expires_in_days,
        )
        return await self._transport.post(
            door("api-keys"), ApiKeyAnswer, Body(request, idempotency_key=idempotency_key)
        )

    async def rotate_api_key(
        self, key_id: str, *, overlap_hours: int = 24, idempotency_key: str | None = None
    ) -> RotationAnswer:
        """A new key in another's place; without ``admin`` a key rotates itself only.

        :param overlap_hours: how long the old one goes on working, 0 to 720.
        """
        body = Body(RotationRequest(overlap_hours=overlap_hours), idempotency_key=idempotency_key)
        return await self._transport.post(door("api-keys", key_id, "rotation"), RotationAnswer, body)

    async def api_keys(self, *, after: str | None = None, limit: int = PAGE) -> Page[ApiKeyAnswer]:
        """A page of the keys, without their secrets."""
        return await self._transport.get(door("api-keys"), Page[ApiKeyAnswer], query={"after": after, "limit": limit})

    async def revoke_api_key(self, key_id: str) -> None:
        """End a key's use at once."""
        await self._transport.act("DELETE", door("api-keys", key_id))

    async def seal(self) -> SealedAnswer:
        """Seal the server: its process ends at once. Needs the scope ``seal``."""
        return await self._transport.post(door("seal"), SealedAnswer)

    async def reviews(self, *, reason: str, after: str | None = None, limit: int = PAGE) -> Page[ReviewAnswer]:
        """A page of what waits for a person, in the key's galleries."""
        query = {"after": after, "limit": limit}
        return await self._transport.get(door("reviews"), Page[ReviewAnswer], query=query, headers=because(reason))

    async def resolve_review(
        self,
        review_id: str,
        resolution: Resolution,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """End a review: held enrolments take ``activate`` or ``erase``, look-alikes ``noted``.

        :param reason: why; it is sealed, and kept with the entry in the log.
        """
        body = Body(ResolutionRequest(resolution=resolution, reason=reason), idempotency_key=idempotency_key)
        await self._transport.act("POST", door("reviews", review_id, "resolution"), body)

    async def look_alikes(
        self, gallery_id: str, *, reason: str, after: str | None = None, limit: int = PAGE
    ) -> Page[LookAlikeAnswer]:
        """A page of who looks like whom in one gallery."""
        query = {"after": after, "limit": limit}
        path = door("galleries", gallery_id, "look-alikes")
        return await self._transport.get(path, Page[LookAlikeAnswer], query=query, headers=because(reason))

    async def declare_look_alikes(
        self, gallery_id: str, *, subject_id: str, other_subject_id: str | None = None
    ) -> LookAlikeAnswer:
        """Say that two people look alike: a PIN or QR code is asked of both beside their face.

        :param other_subject_id: None where somebody looks like a person who is not in the gallery.
        """
        request = LookAlikeRequest(subject_id=subject_id, other_subject_id=other_subject_id)
        return await self._transport.post(door("galleries", gallery_id, "look-alikes"), LookAlikeAnswer, Body(request))

    async def end_look_alike(self, look_alike_id: str) -> None:
        """Take back what was declared, or said at a station; what the machine found ends by itself."""
        await self._transport.act("DELETE", door("look-alikes", look_alike_id))

    async def decisions(
        self,
        gallery_id: str,
        *,
        reason: str,
        station_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> Page[DecisionRecord]:
        """A page of one gallery's decisions that are within their purpose's retention.

        There is no list across galleries, nor by person (rule S5).

        :param station_id: those of one of its stations. :param since, until: aware; those from then on, and from before
            then.
        """
        query = {"gallery_id": gallery_id, **stretch(station_id, since, until), "after": after, "limit": limit}
        return await self._transport.get(door("decisions"), Page[DecisionRecord], query=query, headers=because(reason))

    async def document_checks(
        self,
        purpose_id: str,
        *,
        reason: str,
        station_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> Page[DecisionRecord]:
        """A page of one purpose's document checks, narrowed as decisions are; nothing of the pictures is in them."""
        query = {"purpose_id": purpose_id, **stretch(station_id, since, until), "after": after, "limit": limit}
        return await self._transport.get(door("decisions"), Page[DecisionRecord], query=query, headers=because(reason))

    async def invite(self, subject_id: str, *, attended: bool, idempotency_key: str | None = None) -> InvitationAnswer:
        """Prepare a personal session; the person opens its link on their own device, within 120 s.

        :param attended: whether somebody watches the person's capture.
        """
        body = Body(InvitationRequest(subject_id=subject_id, attended=attended), idempotency_key=idempotency_key)
        return await self._transport.post(door("personal-sessions"), InvitationAnswer, body)

    async def personal_decision(self, session_id: str, *, reason: str) -> DecisionRecord:
        """What was decided in a personal session; ``not_found`` until it was."""
        path = door("personal-sessions", session_id)
        return await self._transport.get(path, DecisionRecord, headers=because(reason))
