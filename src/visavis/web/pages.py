"""The pages people see; everything they load is ours."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from visavis.model import leaves_loaded
from visavis.model.errors import Kind
from visavis.web import plan_page, texts
from visavis.web.modules import STATIC, pages_stamp, scripts
from visavis.web.packed_files import PackedFiles
from visavis.web.problems import STATUS
from visavis.web.services import Services
from visavis.web.texts import CATALOGUES, DEFAULT, Pages

templates = Pages(Path(__file__).parent / "pages")
templates.env.globals["scripts"] = scripts
templates.env.globals["pages_stamp"] = pages_stamp
router = APIRouter(include_in_schema=False)

_SECTIONS: Final = sorted(path.stem for path in (Path(__file__).parent / "pages" / "console").glob("*.html"))
"""The console's, by name; its script takes their templates."""


@router.get("/")
def start(request: Request) -> HTMLResponse:
    """What this server is, and what it will never do."""
    return templates.shown(request, "index.html")


@router.get("/consent")
def consent(request: Request) -> HTMLResponse:
    """Read the purpose and countersign."""
    return templates.shown(request, "consent.html")


@router.get("/enrol")
def enrol(request: Request) -> HTMLResponse:
    """Read the purpose, send photos of oneself, and countersign."""
    return templates.shown(request, "enrol.html")


@router.get("/me")
def me(request: Request) -> HTMLResponse:
    """See what is held, and withdraw."""
    return templates.shown(request, "me.html")


@router.get("/station")
def station(request: Request) -> HTMLResponse:
    """Where people stand in front of a tablet."""
    return templates.shown(request, "station.html")


@router.get("/console")
def console(request: Request) -> HTMLResponse:
    """Where whoever runs this server logs in."""
    return templates.shown(request, "console.html", {"sections": _SECTIONS})


@router.get("/grant")
def grant(request: Request) -> HTMLResponse:
    """Grant the check of a document."""
    return templates.shown(request, "grant.html")


@router.get("/unseal")
def unseal(request: Request) -> HTMLResponse:
    """Where custodians give their shares; says whether any are needed."""
    return templates.shown(request, "unseal.html")


@router.get("/plan")
def plan(request: Request) -> HTMLResponse:
    """What a gallery would cost, before anybody is in it; about nobody, so for everybody."""
    flows: Services = request.app.state.services
    page = plan_page.shown(
        request.query_params,
        calibration=flows.calibration,
        dimension=flows.dimension,
        language=texts.language_of(request),
    )
    status = STATUS[Kind.INVALID] if page["problem"] else 200
    return templates.shown(request, "plan.html", page, status=status)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """The reference of the REST doors, from the OpenAPI document and the tree of errors."""
    request.state.chosen = texts.language_of(request)
    request.state.language = CATALOGUES[DEFAULT]  # doors, fields and refusals are described in English only
    problems = [{"code": leaf.code, "status": STATUS[leaf.kind], "mend": leaf.mend} for leaf in leaves_loaded()]
    return templates.shown(request, "docs.html", {"openapi": request.app.openapi(), "problems": problems})


def install(app: FastAPI) -> None:
    """Serve the pages and what they load.

    :raises PagesMissing: what they load was not built.
    """
    scripts("pages/me")
    app.mount("/static", PackedFiles(directory=STATIC), name="static")
    app.include_router(texts.router)
    app.include_router(router)
