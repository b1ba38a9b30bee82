"""The pages people see; everything they load is ours."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from visavis.model import leaves_loaded
from visavis.model.errors import Kind
from visavis.web import plan_page
from visavis.web.modules import STATIC, scripts
from visavis.web.problems import STATUS
from visavis.web.services import Services

templates = Jinja2Templates(directory=Path(__file__).parent / "pages")
templates.env.globals["scripts"] = scripts
router = APIRouter(include_in_schema=False)


@router.get("/")
def start(request: Request) -> HTMLResponse:
    """What this server is, and what it will never do."""
    return templates.TemplateResponse(request, "index.html")


@router.get("/consent")
def consent(request: Request) -> HTMLResponse:
    """Read the purpose and countersign."""
    return templates.TemplateResponse(request, "consent.html")


@router.get("/me")
def me(request: Request) -> HTMLResponse:
    """See what is held, and withdraw."""
    return templates.TemplateResponse(request, "me.html")


@router.get("/grant")
def grant(request: Request) -> HTMLResponse:
    """Grant the check of a document."""
    return templates.TemplateResponse(request, "grant.html")


@router.get("/unseal")
def unseal(request: Request) -> HTMLResponse:
    """Where custodians give their shares; says whether any are needed."""
    return templates.TemplateResponse(request, "unseal.html")


@router.get("/plan")
def plan(request: Request) -> HTMLResponse:
    """What a gallery would cost, before anybody is in it; about nobody, so for everybody."""
    flows: Services = request.app.state.services
    page = plan_page.shown(request.query_params, calibration=flows.calibration, dimension=flows.dimension)
    status = STATUS[Kind.INVALID] if page["problem"] else 200
    return templates.TemplateResponse(request, "plan.html", page, status_code=status)


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """The reference of the REST doors, from the OpenAPI document and the tree of errors."""
    problems = [{"code": leaf.code, "status": STATUS[leaf.kind], "mend": leaf.mend} for leaf in leaves_loaded()]
    return templates.TemplateResponse(request, "docs.html", {"openapi": request.app.openapi(), "problems": problems})


def install(app: FastAPI) -> None:
    """Serve the pages and what they load.

    :raises PagesMissing: what they load was not built.
    """
    scripts("pages/me")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(router)
