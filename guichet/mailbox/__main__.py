"""The mailbox's process: a mail server and its pages, in one loop. Ports and folder are arguments, the frame's links a setting."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from guichet.mailbox.letters import Letters
from shared.language import Language
from shared.problems import problem
from shared.web import SECURITY_HEADERS, Pages, assets

router = APIRouter(default_response_class=HTMLResponse)
pages = Pages("mailbox", Path(__file__).parent / "templates")
# A letter's own styles are inline, as in any mail; it loads nothing and runs nothing.
_LETTER_HEADERS = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the pages' frame asks of a service's settings."""

    links: str
    simulated: bool = True


class _Taking:
    """aiosmtpd's handler: whatever comes is kept."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content
        assert isinstance(content, bytes)  # noqa: S101 - as it comes, undecoded
        await asyncio.to_thread(self._letters.keep, content)
        return "250 Kept, and delivered to nobody"


@router.get("/{language}/")
async def letters(request: Request, language: Language) -> HTMLResponse:
    return pages.render(request, "letters.html", language, letters=request.app.state.letters.all())


@router.get("/{language}/letters/{name}")
async def letter(request: Request, language: Language, name: str) -> HTMLResponse:
    found = request.app.state.letters.get(name)
    if found is None:
        return pages.refuse(
            request, language, problem("not_found", "There is no such letter.", "Ce courriel n'existe pas.")
        )
    return pages.render(request, "letter.html", language, letter=found)


@router.get("/letters/{name}/html")
async def as_html(request: Request, name: str) -> Response:
    found = request.app.state.letters.get(name)
    return HTMLResponse(found.html if found is not None else "", headers=_LETTER_HEADERS)


def app_of(kept: Letters, smtp_port: int) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        handler, loop = _Taking(kept), asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(handler, enable_SMTPUTF8=True), "127.0.0.1", smtp_port)
        yield
        server.close()

    app = FastAPI(title="Guichet: mailbox", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.letters, app.state.service = kept, "mailbox"
    app.state.settings = Frame(environ.get("GUICHET_LINKS", ""))
    for each in (router, assets.router):
        app.include_router(each)
    return app


if __name__ == "__main__":
    folder, smtp_port, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    uvicorn.run(app_of(Letters(folder), smtp_port), port=port, access_log=False, log_level="warning")
