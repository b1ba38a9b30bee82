"""Imports: many people, each brought by themselves, all of them pending."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from visavis.flows.entries import Refused
from visavis.flows.imports import Brought, Line, Waiting
from visavis.flows.judging import NamedPhoto
from visavis.flows.readings import Reader
from visavis.model import leaves_loaded
from visavis.model.access import ApiKey, RequestInvalid, Scope
from visavis.model.bulk import EntryOutcome, Import
from visavis.web.auth import Enroller, Flows, key_with, reader_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.services import Services
from visavis.web.sheets import Asking, Slip, sheets
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.bulk import (
    EntryAnswer,
    ImportAnswer,
    ImportRequest,
    LinkRow,
    MissingAnswer,
    MissingRequest,
    PhotoRefused,
    RefusalsRow,
)
from visavis.wire.shape import ExternalReference, Page
from visavis.wire.table import MEDIA_TYPE as CSV
from visavis.wire.table import table_text

router = APIRouter(tags=["imports"])

NEXT_HEADER: Final = "Visavis-Next"
"""What ``next`` is in a JSON page, where the answer is a table or sheets."""

_GUARDIAN: Final = "guardian_until"
_PDF: Final = "application/pdf"
_TIMES: Final = 10
"""As many people may be brought in a minute as ten times the calls that a key has for everything else."""

Importer = Annotated[ApiKey, Depends(key_with(Scope.ENROL, times=_TIMES))]
ReadingEnroller = Annotated[Reader, Depends(reader_with(Scope.ENROL))]
LinksLimit = Annotated[int, Query(ge=1, le=1000)]


@router.post("/v1/galleries/{gallery_id}/imports", response_model=ImportAnswer)
def open_import(
    request: Request,
    gallery_id: str,
    body: ImportRequest,
    flows: Flows,
    key: Enroller,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Open the import of that name, or find it again."""

    def act() -> tuple[ImportAnswer, None]:
        return _import(flows, flows.imports.open(gallery_id=gallery_id, name=body.name, by=key.id)), None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=200)


@router.get("/v1/imports/{import_id}")
def show_import(import_id: str, flows: Flows, _key: Enroller) -> ImportAnswer:
    """How far an import is, in numbers."""
    return _import(flows, flows.imports.get(import_id))


@router.post("/v1/imports/{import_id}/missing")
def ask_missing(import_id: str, body: MissingRequest, flows: Flows, _key: Importer) -> MissingAnswer:
    """Which of some people were not brought yet; changes nothing."""
    found = flows.imports.missing(import_id, [bytes.fromhex(digest) for digest in body.digests])
    return MissingAnswer(digests=[digest.hex() for digest in found])


async def require_no_minor(request: Request) -> None:
    """Refuse who says that a guardian has to agree: the link of an import asks none (rule S8).

    :raises RequestInvalid: there is such a field.
    """
    if _GUARDIAN in await request.form():
        raise RequestInvalid(
            f"{_GUARDIAN}: an import asks no guardian. Enrol this person by themselves, with {_GUARDIAN}."
        )


@router.post("/v1/imports/{import_id}/entries")
def bring(
    import_id: str,
    external_reference: Annotated[ExternalReference, Form()],
    photos: Annotated[
        list[UploadFile],
        File(min_length=1, description="Photos of one person; the first 5 are looked at. Their names are reported."),
    ],
    flows: Flows,
    _key: Importer,
    _asked: Annotated[None, Depends(require_no_minor)],
) -> EntryAnswer:
    """Enrol one person of an import. Safe to repeat: the same person with the same photos is stored once."""
    named = [NamedPhoto(photo.filename or f"photo {n}", photo.file.read()) for n, photo in enumerate(photos, start=1)]
    return _entry(flows.imports.put(import_id, external_reference=external_reference, photos=named))


@router.get("/v1/imports/{import_id}/refusals")
def list_refusals(
    import_id: str, flows: Flows, reader: ReadingEnroller, after: After = None, limit: Limit = 50
) -> Page[RefusalsRow]:
    """People of whom something was refused, with what to do about it. For the key that made the import."""
    lines = flows.imports.refusals(import_id, reader=reader, after=after, limit=limit + 1)
    return page_of(lines, limit=limit, shape=_line, id_of=lambda line: line.entry.id)


@router.get(
    "/v1/imports/{import_id}/links",
    response_model=Page[LinkRow],
    responses={200: {"content": {CSV.partition(";")[0]: {}, _PDF: {}}}},
)
def list_links(
    request: Request,
    import_id: str,
    flows: Flows,
    reader: ReadingEnroller,
    after: After = None,
    limit: LinksLimit = 200,
) -> Response:
    """Links that wait for their people, as JSON, CSV or sheets to print (PDF). For the key that made the import."""
    found = flows.imports.links(import_id, reader=reader, after=after, limit=limit + 1)
    page = page_of(found, limit=limit, shape=lambda waiting: _link(flows, waiting), id_of=lambda w: w.entry_id)
    headers = {} if page.next is None else {NEXT_HEADER: page.next}
    accepted = request.headers.get("accept", "")
    if _PDF in accepted:
        return Response(_sheets(flows, import_id, page.items), media_type=_PDF, headers=headers)
    if CSV.partition(";")[0] in accepted:
        rows = [(row.number, row.external_reference, row.consent_link, row.expires_at) for row in page.items]
        table = table_text(["number", "external_reference", "consent_link", "expires_at"], rows)
        return Response(table.encode(), media_type=CSV, headers=headers)
    return JSONResponse(page.model_dump(mode="json"))


def _sheets(flows: Services, import_id: str, rows: list[LinkRow]) -> bytes:
    asked = flows.imports.asked(import_id)
    asking = Asking(asked.purpose.controller, asked.purpose.contact, asked.purpose.name)
    slips = [Slip(row.number, row.external_reference, row.consent_link, row.expires_at) for row in rows]
    return sheets(slips, asking=asking)


def _import(flows: Services, of: Import) -> ImportAnswer:
    progress = flows.imports.progress(of.id)
    return ImportAnswer(
        id=of.id,
        gallery_id=of.gallery_id,
        name=of.name,
        made_by=of.made_by,
        created_at=of.created_at,
        expires_at=of.expires_at,
        pending=progress.people[EntryOutcome.PENDING],
        refused=progress.people[EntryOutcome.REFUSED],
        erased=progress.people[EntryOutcome.ERASED],
        photos_stored=progress.stored,
        photos_refused=progress.refused,
    )


def _entry(brought: Brought) -> EntryAnswer:
    return EntryAnswer(
        entry_id=brought.entry_id,
        outcome=brought.outcome.value,
        stored=brought.stored,
        refusals=[_refused(refused) for refused in brought.refusals],
    )


def _line(line: Line) -> RefusalsRow:
    return RefusalsRow(
        entry_id=line.entry.id,
        number=line.number,
        external_reference=line.external_reference,
        outcome=line.entry.outcome.value,
        stored=line.entry.stored,
        refusals=[_refused(refused) for refused in line.refusals],
    )


def _link(flows: Services, waiting: Waiting) -> LinkRow:
    return LinkRow(
        entry_id=waiting.entry_id,
        number=waiting.number,
        external_reference=waiting.external_reference,
        consent_link=f"{flows.base_url}/consent#{waiting.link_secret}",
        expires_at=waiting.expires_at,
    )


def _refused(refused: Refused) -> PhotoRefused:
    return PhotoRefused(photo=refused.photo, code=refused.code, mend=_MENDS.get(refused.code, ""))


_MENDS: Final = {leaf.code: leaf.mend for leaf in leaves_loaded()}
