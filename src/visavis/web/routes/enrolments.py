"""Enrolling: always answered 202 PENDING."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic.json_schema import SkipJsonSchema

from visavis.model.image import FORMATS
from visavis.web.auth import Enroller, Flows
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.people import EnrolmentAnswer
from visavis.wire.shape import ExternalReference

router = APIRouter(prefix="/v1/galleries/{gallery_id}/enrolments", tags=["enrolments"])


@router.post("", status_code=202, response_model=EnrolmentAnswer)
def enrol(
    request: Request,
    gallery_id: str,
    external_reference: Annotated[ExternalReference, Form()],
    photos: Annotated[list[UploadFile], File(min_length=1, description=f"1 to 5 photos of one person: {FORMATS}.")],
    flows: Flows,
    key: Enroller,
    guardian_until: Annotated[
        date | SkipJsonSchema[None],  # a form has no null: who means none leaves the field out
        Form(
            description="Where a guardian has to agree for the person: the day on which that ends, and their consent."
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Enrol one person. They stay unknown to the matcher until they open their link and countersign."""
    pictures = [photo.file.read() for photo in photos]

    def act() -> tuple[EnrolmentAnswer, str]:
        offered = flows.enrol.request(
            gallery_id=gallery_id,
            external_reference=external_reference,
            photos=pictures,
            guardian_until=guardian_until,
        )
        answer = EnrolmentAnswer(
            enrolment_id=offered.enrolment_id,
            subject_id=offered.subject_id,
            consent_link=f"{flows.base_url}/consent#{offered.link_secret}",
            expires_at=offered.expires_at,
        )
        return answer, offered.subject_id

    until = () if guardian_until is None else (f"guardian_until {guardian_until}",)
    asked = fingerprint(request, external_reference, *pictures, *until)
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=202)
