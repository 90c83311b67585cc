"""Where the links in letters lead: to confirm, to choose how one is told, and to be told no more."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from services.status import store
from services.status.api.preferences import Preferences, change_preferences
from services.status.api.showing import address_of
from services.status.delivering.letters import Purpose, is_link, link
from shared.access import ANYONE
from shared.database import transaction
from shared.language import Language
from shared.problems import Refused, problem
from shared.web import Pages

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
_PAGES = Pages("status")
_LINK = "/{language}/subscriptions/{subscription_id}/{purpose}/{mark}"
_PREFERENCES = "/{language}/subscriptions/{subscription_id}/preferences/{mark}"


@router.get(_LINK)
async def follow_link(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, mark: str
) -> HTMLResponse:
    """To confirm is done by opening it; to have no more is asked once again, since programs open links."""
    _check_link(request, subscription_id, purpose, mark)
    pool = request.app.state.pool
    if purpose == "confirm":
        async with transaction(pool) as connection:
            if not await store.confirm_subscription(connection, subscription_id):
                raise _no_such_subscription()
        request.app.state.committed.set()
    if purpose == "confirm-contact" and not await store.confirm_contact(pool, subscription_id):
        raise _no_such_subscription()
    return await _page(request, language, subscription_id, purpose, done=purpose.startswith("confirm"))


@router.post(_PREFERENCES)
async def choose(
    request: Request,
    language: Language,
    subscription_id: str,
    mark: str,
    told_in: Annotated[Language, Form()],
    quiet_hours: Annotated[bool, Form()] = False,
    digest: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """By the form of the page, which has all of them."""
    _check_link(request, subscription_id, "preferences", mark)
    own = await store.read_subscription(request.app.state.pool, subscription_id)
    if own is None:
        raise _no_such_subscription()
    wanted = Preferences(language=told_in, quiet_hours=quiet_hours, digest=digest)
    await change_preferences(request, own, wanted)
    return await _page(request, language, subscription_id, "preferences", done=True)


@router.post(_LINK)
async def stop(request: Request, language: Language, subscription_id: str, purpose: Purpose, mark: str) -> HTMLResponse:
    """By the page's button, or by a mail program's (RFC 8058); again, it is as done."""
    _check_link(request, subscription_id, purpose, mark)
    if purpose == "unsubscribe":
        await store.remove_subscription(request.app.state.pool, subscription_id)
    if purpose == "remove-contact":
        async with transaction(request.app.state.pool) as connection:
            await store.name_contact(connection, subscription_id, None)
    return await _page(request, language, subscription_id, purpose, done=True)


async def _page(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, *, done: bool
) -> HTMLResponse:
    own = await store.read_subscription(request.app.state.pool, subscription_id)
    if own is None and purpose == "preferences":
        raise _no_such_subscription()
    to: dict[str, str] = {
        each: link(request.app.state.seal, "", language, subscription_id, each)
        for each in ("preferences", "unsubscribe")
    }
    return _PAGES.render(
        request,
        "subscription.html",
        language,
        purpose=purpose,
        done=done,
        own=own,
        address=own and address_of(request, own),
        to=to,
    )


def _check_link(request: Request, subscription_id: str, purpose: Purpose, mark: str) -> None:
    if not is_link(request.app.state.seal, subscription_id, purpose, mark):
        raise _no_such_subscription()


def _no_such_subscription() -> Refused:
    return Refused(
        problem(
            "not_found",
            "This link leads nowhere any more: its subscription was ended, or never confirmed in time.",
            "Ce lien ne mène plus nulle part : son abonnement est terminé, ou n'a pas été confirmé à temps.",
        )
    )
