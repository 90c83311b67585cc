"""What the links of letters lead to: to confirm an address, to choose how one is told, or to have no more of them. Each is done
by a button, never by the link alone, since programs open links.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from services.status import store
from services.status.api.preferences import Preferences, change_preferences
from services.status.api.showing import address_of
from services.status.delivering.letters import Purpose, is_link, link
from services.status.delivering.sealing import open_address
from services.status.pages.application import pages
from shared.access import ANYONE
from shared.database import transaction
from shared.language import Language
from shared.problems import problem

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
_LINK = "/{language}/subscriptions/{subscription_id}/{purpose}/{mark}"
_PREFERENCES = "/{language}/subscriptions/{subscription_id}/preferences/{mark}"


@router.get(_LINK)
async def follow_link(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, mark: str
) -> HTMLResponse:
    if not await _is_good(request, subscription_id, purpose, mark):
        return _nowhere(request, language)
    return await _page(request, language, subscription_id, purpose, done=False)


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
    good = is_link(request.app.state.seal, subscription_id, "preferences", mark)
    own = await store.read_subscription(request.app.state.pool, subscription_id) if good else None
    if own is None:
        return _nowhere(request, language)
    wanted = Preferences(language=told_in, quiet_hours=quiet_hours, digest=digest)
    await change_preferences(request, own, wanted)
    return await _page(request, language, subscription_id, "preferences", done=True)


@router.post(_LINK)
async def press_button(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, mark: str
) -> HTMLResponse:
    """By the page's button, or to unsubscribe by a mail program's (RFC 8058); again, it is as done."""
    good = await _is_good(request, subscription_id, purpose, mark)
    if not good or not await _do(request, subscription_id, purpose):
        return _nowhere(request, language)
    return await _page(request, language, subscription_id, purpose, done=True)


async def _is_good(request: Request, subscription_id: str, purpose: Purpose, mark: str) -> bool:
    """A contact agrees for itself: the link of one that was named before is not good for the next."""
    address, seal = "", request.app.state.seal
    if purpose == "confirm-contact":
        own = await store.read_subscription(request.app.state.pool, subscription_id)
        if own is None or own.sealed_contact is None:
            return False
        address = open_address(seal, subscription_id, own.sealed_contact)
    return is_link(seal, subscription_id, purpose, mark, address)


async def _do(request: Request, subscription_id: str, purpose: Purpose) -> bool:
    """Whether there is still something to confirm, where that is asked."""
    found = True
    async with transaction(request.app.state.pool) as connection:
        match purpose:
            case "confirm":
                found = await store.confirm_subscription(connection, subscription_id)
            case "confirm-contact":
                found = await store.confirm_contact(connection, subscription_id)
            case "remove-contact":
                await store.name_contact(connection, subscription_id, None)
            case "unsubscribe":
                await store.remove_subscription(connection, subscription_id)
    request.app.state.committed.set()
    return found


async def _page(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, *, done: bool
) -> HTMLResponse:
    own = await store.read_subscription(request.app.state.pool, subscription_id)
    if own is None and purpose == "preferences":
        return _nowhere(request, language)
    others: tuple[Purpose, Purpose] = ("preferences", "unsubscribe")
    to = {each: link(request.app.state.seal, "", language, subscription_id, each) for each in others}
    return pages.render(
        request,
        "subscription.html",
        language,
        purpose=purpose,
        done=done,
        own=own,
        told_at=own and address_of(request, own),
        to=to,
    )


def _nowhere(request: Request, language: Language) -> HTMLResponse:
    return pages.refuse(
        request,
        language,
        problem(
            "not_found",
            "This link leads nowhere any more: its subscription was ended, or never confirmed in time.",
            "Ce lien ne mène plus nulle part : son abonnement est terminé, ou n'a pas été confirmé à temps.",
        ),
    )
