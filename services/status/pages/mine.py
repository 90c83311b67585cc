"""What a client sees of all their applications: whoever is signed in, their own; and those whose codes were given in this
browser. For officers and others with a role, those that they may see.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.status import store
from services.status.api.applications import own_of, read_applications
from services.status.handlers import CODES
from services.status.pages.application import pages, path_of
from services.status.store import Key
from shared.access import ANYONE
from shared.identity import Department, Person, caller
from shared.language import Language
from shared.organizations import name_of
from shared.reading import After, after, page_to
from shared.signing_in import FROM_OUR_PAGES

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
_A_PAGE = 50


@router.get("/{language}/applications")
async def applications(request: Request, language: Language, after_: After = None) -> HTMLResponse:
    found = await caller(request)
    own, end = await _own(request, found, after(after_, 2)) if found is not None else ([], None)
    followed = [key for key in CODES.keys_of_cookie(request) if key not in own]
    now = datetime.now(UTC)
    read = await read_applications(request.app, [*followed, *own], now)
    names = await store.service_names(request.app.state.pool, {item["service_id"] for item in read})
    shown = [_shown(item, language, names) for item in read]
    return pages.render(
        request,
        "applications.html",
        language,
        followed=[item for item in shown if item["key"] in followed],
        own=[item for item in shown if item["key"] not in followed],
        next=page_to([], end)["next"],
        signed_in=found is not None,
        client=isinstance(found, Person) and not found.roles,
        now=now,
    )


async def _own(request: Request, found: Department | Person, start: list[str]) -> tuple[list[Key], Key | None]:
    """A page of the caller's own, and the key after which there are more."""
    own = own_of(request, found)
    keys = await store.list_applications(
        request.app.state.pool, **own, service=None, state=None, after=start, limit=_A_PAGE + 1
    )
    return keys[:_A_PAGE], keys[_A_PAGE - 1] if len(keys) > _A_PAGE else None


def _shown(item: dict[str, Any], language: Language, names: dict[str, Any]) -> dict[str, Any]:
    key = (item["org_id"], item["application_id"])
    return {
        **item,
        "key": key,
        "path": path_of(language, key),
        "service": names[item["service_id"]],
        "organization": name_of(item["org_id"]).in_(language),
    }


@router.post(
    "/{language}/applications/forget",
    responses={303: {"description": "This browser opens none by its code any more"}},
    dependencies=[FROM_OUR_PAGES],
)
async def forget(language: Language) -> Response:
    """For who shares a browser: the codes that were given in it open nothing any more."""
    response = RedirectResponse(f"/{language}/", 303)
    response.delete_cookie(CODES.cookie, httponly=True, samesite="lax")
    return response
