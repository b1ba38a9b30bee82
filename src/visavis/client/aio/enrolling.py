"""Enrolling people: with photos of the operator's, with their own, or without a face."""

from collections.abc import Sequence
from datetime import date

from visavis.client.aio.metrics import AsyncMetrics
from visavis.client.exchange import Body, door
from visavis.client.photos import Photo, async_as_file
from visavis.wire.people import (
    EnrolmentAnswer,
    InvitedAnswer,
    InviteRequest,
    WithoutFaceAnswer,
    WithoutFaceRequest,
)


class AsyncEnrolling(AsyncMetrics):
    """What an API key with the scope ``enrol`` is for, one person at a time."""

    async def enrol(
        self,
        gallery_id: str,
        *,
        external_reference: str,
        photos: Sequence[Photo],
        guardian_until: date | None = None,
        idempotency_key: str | None = None,
    ) -> EnrolmentAnswer:
        """Photos of one person become references that nobody is matched with until the person agrees.

        :param external_reference: your own name for the person, 1 to 200 characters.
        :param photos: one to five.
        :param guardian_until: where a guardian has to agree for the person: the day to come, at most 21 years away, on
            which that ends, and with it their consent.
        :returns: the one-time link to hand to the person; the answer is the same whoever was there before.
        """
        until = {} if guardian_until is None else {"guardian_until": guardian_until.isoformat()}
        body = Body(
            files=[await async_as_file("photos", photo) for photo in photos],
            form={"external_reference": external_reference, **until},
            idempotency_key=idempotency_key,
        )
        return await self._transport.post(door("galleries", gallery_id, "enrolments"), EnrolmentAnswer, body)

    async def invite_to_enrol(
        self,
        gallery_id: str,
        *,
        external_reference: str,
        guardian_until: date | None = None,
        idempotency_key: str | None = None,
    ) -> InvitedAnswer:
        """Let one person enrol themselves, with photos of their own; nobody is matched with them until they agree.

        Asked again for the same person, their older link is void, and so are photos that wait for them.

        :param guardian_until: as in ``enrol``.
        :returns: the one-time link to hand to the person; the answer is the same whoever was there before.
        """
        asked = InviteRequest(external_reference=external_reference, guardian_until=guardian_until)
        body = Body(asked, idempotency_key=idempotency_key)
        return await self._transport.post(door("galleries", gallery_id, "invitations"), InvitedAnswer, body)

    async def add_without_face(
        self, gallery_id: str, *, external_reference: str, idempotency_key: str | None = None
    ) -> WithoutFaceAnswer:
        """Somebody who is served by PIN and QR credential only."""
        body = Body(WithoutFaceRequest(external_reference=external_reference), idempotency_key=idempotency_key)
        return await self._transport.post(door("galleries", gallery_id, "without-face"), WithoutFaceAnswer, body)
