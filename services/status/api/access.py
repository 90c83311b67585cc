"""Who may see which application: its department, its client, who holds its tracking code, and people with a role."""

from functools import partial

from fastapi import Request

from services.status import store
from services.status.handlers import CODES, client_hash
from services.status.store import Key
from shared.identity import Department, Person, caller, still_calls
from shared.problems import Problem, Refused, problem


async def key_of(request: Request, application_id: str, org: str | None) -> Key:
    """The application of this id that the caller may see. Raises Refused: 404 when there is none (whether it exists
    or not), 409 when there are two and no `org`, 401 without credentials.
    """
    found = await caller(request)
    carried = CODES.keys_of_cookie(request)
    if found is None and not carried:
        raise Refused(_who_are_you(), {"WWW-Authenticate": "Bearer"})
    org = found.org_id if isinstance(found, Department) else org
    keys = await store.find_by_id(request.app.state.pool, application_id, org)
    mine = [key for key in keys if key in carried or await _may_see(request, found, key)]
    if len(mine) > 1:
        raise Refused(
            problem(
                "ambiguous",
                "Several organisations have an application of this id; say which with ?org=.",
                "Plusieurs organisations ont une demande portant cet identifiant; précisez-la par ?org=.",
            )
        )
    if not mine:
        raise Refused(no_such_application())
    return mine[0]


async def _may_see(request: Request, found: Department | Person | None, key: Key) -> bool:
    if isinstance(found, Department):
        return found.org_id == key[0]
    if isinstance(found, Person):
        if found.roles:
            return found.may_read(key[0])
        return await store.client_hash(request.app.state.pool, key) == client_hash(
            request.app.state.seal, found.subject
        )
    return False


async def still_may_see(request: Request, key: Key) -> bool:
    """Whether who was let in to an application would be let in now: asked before each message of a stream, which may be open
    for hours. Only for a client is the database asked; a key is looked up once a second at most.
    """
    if key in CODES.keys_of_cookie(request):
        return True
    found = await caller(request)
    return await still_calls(request, found) and await _may_see(request, found, key)


async def open_by_code(request: Request, code: str) -> Key:
    """The application of a tracking code. Raises Refused."""
    return await CODES.open(request, code, partial(store.find_by_tracking, request.app.state.pool))


def no_such_application() -> Problem:
    return problem(
        "not_found",
        "There is no application of this id that you may see.",
        "Aucune demande portant cet identifiant ne vous est accessible.",
    )


def _who_are_you() -> Problem:
    return problem(
        "unauthorized",
        "Give your tracking code at POST /v1/tracking, or send a token or your department's key.",
        "Donnez votre code de suivi à POST /v1/tracking, ou envoyez un jeton ou la clé de votre ministère.",
    )
