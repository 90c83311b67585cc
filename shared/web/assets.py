"""The pages' own files, and the way from `/` to a page in the reader's language."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.access import ANYONE
from shared.language import preferred
from shared.problems import Refused, problem

router = APIRouter(tags=["pages"], dependencies=[ANYONE])
_FILES = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "static").iterdir())}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@router.get("/static/{name}", responses={200: {"content": {kind.partition(";")[0]: {} for kind in _TYPES.values()}}})
async def asset(name: str) -> Response:
    if name not in _FILES:
        raise Refused(problem("not_found", "There is no such file.", "Ce fichier n'existe pas."))
    kind = _TYPES[Path(name).suffix]
    return Response(_FILES[name], media_type=kind, headers={"Cache-Control": "public, max-age=300"})


@router.get("/favicon.ico", responses={200: {"content": {"image/svg+xml": {}}}})
async def icon() -> Response:
    return Response(_FILES["guichet.svg"], media_type="image/svg+xml")


@router.get("/", status_code=307, response_class=RedirectResponse)
async def home(request: Request) -> Response:
    language = preferred(request.headers.get("accept-language"))
    return RedirectResponse(f"/{language}/", headers={"Vary": "Accept-Language"})
