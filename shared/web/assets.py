"""The pages' own files, and the way from `/` to a page in the reader's language."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shared.access import ANYONE
from shared.language import preferred
from shared.problems import Refused, problem

router = APIRouter(include_in_schema=False, dependencies=[ANYONE])
_FILES = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "static").iterdir())}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@router.get("/static/{name}")
async def asset(name: str) -> Response:
    if name not in _FILES:
        raise Refused(problem("not_found", "There is no such file.", "Ce fichier n'existe pas."))
    kind = _TYPES[Path(name).suffix]
    return Response(_FILES[name], media_type=kind, headers={"Cache-Control": "public, max-age=300"})


@router.get("/favicon.ico")
async def icon() -> Response:
    return Response(_FILES["guichet.svg"], media_type="image/svg+xml")


@router.get("/")
async def home(request: Request) -> Response:
    language = preferred(request.headers.get("accept-language"))
    return RedirectResponse(f"/{language}/", headers={"Vary": "Accept-Language"})
