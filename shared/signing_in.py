"""Signing in to the pages for officers, deputy heads, oversight and auditors, and for clients where there are pages for them:
a person's token, kept in an HttpOnly cookie.

Behind a proxy that signs people in and sends `Authorization: Bearer ...` along, nobody comes here. The cookie is for this
host alone, ends with the token, and counts for nothing in what another site's page makes the browser send.
"""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from shared.access import ANYONE
from shared.identity import SESSION, Person, caller, is_of_our_pages
from shared.language import Bilingual, Language
from shared.problems import Problem, Refused, problem
from shared.web import Pages


async def from_our_pages(request: Request) -> None:
    """For pages: another site's page may not make a browser send one of our forms, whoever is signed in, and however.
    Raises Refused.
    """
    if request.method not in {"GET", "HEAD"} and is_of_our_pages(request) is False:
        raise Refused(
            problem(
                "forbidden",
                "This form was sent by a page of another site. Open the page here and send it again.",
                "Ce formulaire provient d'une page d'un autre site. Ouvrez la page ici et envoyez-le de nouveau.",
            )
        )


FROM_OUR_PAGES = Depends(from_our_pages)
router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE, FROM_OUR_PAGES])
_PAGES = Pages("shared", Path(__file__).parent / "web" / "templates")
_OPEN_SECONDS = 8 * 3600


async def reader(request: Request, *roles: str) -> Person | None:
    """Who is signed in with one of these roles; None where nobody is. Raises Refused (403) for another role."""
    found = await caller(request)
    if not isinstance(found, Person):
        return None
    if not found.roles & set(roles):
        raise Refused(
            problem(
                "forbidden",
                f"This page is for people with the role {' or '.join(roles)}.",
                f"Cette page est réservée aux personnes ayant le rôle {' ou '.join(roles)}.",
            )
        )
    return found


async def signed_in(request: Request, *roles: str) -> Person | None:
    """Who is signed in with one of these roles, for a page that everybody may read; None for anybody else."""
    found = await caller(request)
    return found if isinstance(found, Person) and found.roles & set(roles) else None


def to_sign_in(request: Request, language: Language, back: str | None = None) -> Response:
    """From a page that needs somebody signed in, and back to it; from a form, to the page that has it."""
    return RedirectResponse(f"/{language}/sign-in?back={quote(back or request.url.path)}", 303)


def _ours(back: str, language: Language) -> str:
    """Only a path of this service, whatever the address says."""
    try:
        parts = urlsplit(back)
    except ValueError:
        return f"/{language}/"
    plain = (
        not parts.scheme
        and not parts.netloc
        and back.startswith("/")
        and not back.startswith("//")
        and "\\" not in back
    )
    return back if plain else f"/{language}/"


@router.get("/{language}/sign-in")
async def form(request: Request, language: Language, back: str = "") -> HTMLResponse:
    return _form(request, language, back)


def _form(request: Request, language: Language, back: str, refusal: Problem | None = None) -> HTMLResponse:
    clients = request.app.state.clients_sign_in
    status, back = 401 if refusal else 200, _ours(back, language)
    return _PAGES.render(request, "sign_in.html", language, status, back=back, problem=refusal, clients=clients)


@router.post(
    "/{language}/sign-in",
    responses={
        303: {"description": "Signed in: back to where one came from"},
        401: {"description": "The form again, and why", "content": {"text/html": {}}},
    },
)
async def sign_in(
    request: Request,
    language: Language,
    token: Annotated[str, Form(max_length=8000)],
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    person = await request.app.state.tokens.person(token.strip())
    if person is None or not (person.roles or request.app.state.clients_sign_in):
        return _form(request, language, back, problem("unauthorized", _WRONG.en, _WRONG.fr))
    response = RedirectResponse(_ours(back, language), 303)
    response.set_cookie(
        SESSION,
        token.strip(),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        max_age=_OPEN_SECONDS,
    )
    return response


@router.post("/{language}/sign-out", responses={303: {"description": "Signed out"}})
async def sign_out(language: Language) -> Response:
    response = RedirectResponse(f"/{language}/", 303)
    response.delete_cookie(SESSION, httponly=True, samesite="strict")
    return response


_WRONG = Bilingual(
    en="This token is not known, has expired, or has no role. Ask for a new one.",
    fr="Ce jeton est inconnu, expiré ou sans rôle. Demandez-en un nouveau.",
)
