"""Who may see which application: its department, its client, who holds its tracking code, and people with a role."""

import base64
import time

from cryptography.exceptions import InvalidTag
from fastapi import FastAPI, Request, Response

from services.status import store
from services.status.handlers import client_hash, tracking_hash
from services.status.store import Key
from shared.identity import Department, Person, caller
from shared.problems import Problem, Refused, problem

COOKIE = "guichet_application"
_TRIES_A_MINUTE = 10
_OPEN_SECONDS = 12 * 3600
_CONTEXT = "tracking cookie"


def prepare(app: FastAPI) -> None:
    """Failed tries by address, in this process."""
    app.state.tracking_tries = {}


async def key_of(request: Request, application_id: str, org: str | None) -> Key:
    """The application of this id that the caller may see. Raises Refused: 404 when there is none (whether it exists
    or not), 409 when there are two and no `org`, 401 without credentials.
    """
    found = await caller(request)
    carried = cookie_key(request)
    if found is None and carried is None:
        raise Refused(_who_are_you(), {"WWW-Authenticate": "Bearer"})
    org = found.org_id if isinstance(found, Department) else org
    keys = await store.find_by_id(request.app.state.pool, application_id, org)
    mine = [key for key in keys if key == carried or await _may_see(request, found, key)]
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


def cookie_key(request: Request) -> Key | None:
    """The application that the reader's cookie opens."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies[COOKIE])
        made, org_id, application_id = request.app.state.seal.open(sealed, _CONTEXT).decode().split("/", 2)
    except (KeyError, ValueError, InvalidTag):
        return None
    return (org_id, application_id) if time.time() - int(made) < _OPEN_SECONDS else None


def set_cookie(request: Request, response: Response, key: Key) -> None:
    sealed = request.app.state.seal.seal(f"{int(time.time())}/{'/'.join(key)}".encode(), _CONTEXT)
    response.set_cookie(
        COOKIE,
        base64.urlsafe_b64encode(sealed).decode(),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        max_age=_OPEN_SECONDS,
    )


async def open_by_code(request: Request, code: str) -> Key:
    """The application of a tracking code; ten failed tries a minute from one address."""
    tries = _tries(request)
    # Counted before it is looked up: those at the same time are tries too.
    tries.append(began := time.monotonic())
    key = await store.find_by_tracking(request.app.state.pool, tracking_hash(code))
    if key is None:
        raise Refused(
            problem(
                "not_found",
                "No application has this tracking code. Check it; it has 20 letters and digits.",
                "Aucune demande ne porte ce code de suivi. Vérifiez-le; il compte 20 lettres et chiffres.",
            )
        )
    if began in tries:
        tries.remove(began)
    return key


def _tries(request: Request) -> list[float]:
    """When the caller's address tried and failed within the last minute, or is trying. Raises Refused where that is ten times."""
    everyone: dict[str, list[float]] = request.app.state.tracking_tries
    now = time.monotonic()
    address = request.client.host if request.client else ""
    if len(everyone) > 10_000:
        for each in [each for each, times in everyone.items() if not times or now - times[-1] > 60]:
            del everyone[each]
    mine = everyone.setdefault(address, [])
    mine[:] = [each for each in mine if now - each < 60]
    if len(mine) >= _TRIES_A_MINUTE:
        raise Refused(
            problem(
                "too_many_requests",
                "Ten tries a minute are allowed; wait a minute.",
                "Dix essais par minute sont permis; patientez une minute.",
            ),
            {"Retry-After": str(int(61 - (now - mine[0])))},
        )
    return mine


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
