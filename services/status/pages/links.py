"""What the links of letters lead to: to confirm an address, or to have no more of them. Each is done by a button, never by the
link alone, since programs open links.
"""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.status import store
from services.status.delivering.letters import is_link
from services.status.pages.application import pages
from shared.access import ANYONE
from shared.language import Language
from shared.problems import Problem, Refused, problem

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse, dependencies=[ANYONE])
LINK = "/{language}/subscriptions/{subscription_id}/{purpose}/{mark}"
Purpose = Literal["confirm", "unsubscribe"]


@router.get(LINK)
async def follow_link(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, mark: str
) -> HTMLResponse:
    _check_link(request, subscription_id, purpose, mark)
    if purpose == "confirm":
        return pages.render(request, "confirm.html", language)
    return pages.render(request, "subscription.html", language, done=False, purpose=purpose)


@router.post(LINK)
async def press_button(
    request: Request, language: Language, subscription_id: str, purpose: Purpose, mark: str
) -> HTMLResponse:
    """By the page's button, or to unsubscribe by a mail program's (RFC 8058); again, it is as done."""
    _check_link(request, subscription_id, purpose, mark)
    if purpose == "unsubscribe":
        await store.remove_subscription(request.app.state.pool, subscription_id)
    elif not await store.confirm_subscription(request.app.state.pool, subscription_id):
        return pages.refuse(request, language, _no_such_subscription())
    return pages.render(request, "subscription.html", language, done=True, purpose=purpose)


def _check_link(request: Request, subscription_id: str, purpose: str, mark: str) -> None:
    if not is_link(request.app.state.seal, subscription_id, purpose, mark):
        raise Refused(_no_such_subscription())


def _no_such_subscription() -> Problem:
    return problem(
        "not_found",
        "This link leads nowhere any more: its subscription was ended, or never confirmed in time.",
        "Ce lien ne mène plus nulle part : son abonnement est terminé, ou n'a pas été confirmé à temps.",
    )
