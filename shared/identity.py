"""Who is calling: a department by its key, a person by a token. It alone decides which organisation speaks."""

import secrets
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.problems import Problem, Refused, problem

# The cookie in which a browser keeps the token of who signed in (shared/signing_in.py).
SESSION: Final = "guichet_session"
Role = Literal["officer", "deputy_head", "oversight", "auditor", "operator"]
Action = Literal["report", "read"]
ACTIONS: Final[tuple[Action, ...]] = ("report", "read")


@dataclass(frozen=True, slots=True)
class Department:
    """The holder of a department's key: what it opens, and what for."""

    org_id: str
    key_id: str
    services: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ACTIONS


@dataclass(frozen=True, slots=True)
class Person:
    """A holder of a token: a client (no role, `client_id`), or someone with roles in an organisation."""

    subject: str
    roles: frozenset[str]
    org_id: str | None

    @property
    def reads_all(self) -> bool:
        return bool(self.roles & {"oversight", "auditor", "operator"})

    def may_read(self, org_id: str | None = None) -> bool:
        """Roles that see everything, or a role in this very organisation."""
        if self.reads_all:
            return True
        return (
            bool(self.roles & {"officer", "deputy_head"}) and self.org_id is not None and org_id in {None, self.org_id}
        )


def new_key() -> str:
    """A department's key: `gk_<id>_<256 random bits>`."""
    return f"gk_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def key_id_of(key: str) -> str:
    return "_".join(key.split("_", 2)[:2])[:40]


def unauthorized(found: Problem) -> Refused:
    return Refused(found, {"WWW-Authenticate": "Bearer"})


async def caller(request: Request) -> Department | Person | None:
    """Who is calling, or None without credentials; credentials that are not good are refused. Looked up once a request."""
    if not hasattr(request.state, "caller"):
        request.state.caller = await _look_up(request)
    found: Department | Person | None = request.state.caller
    return found


async def still_calls(request: Request, found: Department | Person | None) -> bool:
    """Whether a request that goes on for long would be found to come from the same caller now: its key not revoked, its
    token not expired.
    """
    try:
        return await _look_up(request) == found
    except Refused:
        return False


async def _look_up(request: Request) -> Department | Person | None:
    bearer = _bearer(request)
    if bearer is None:
        return None
    found: Department | Person | None
    if shows_key(request):
        found = await request.app.state.keys.department(bearer)
    else:
        found = await request.app.state.tokens.person(bearer)
    if found is None and _of_header(request) is None:
        return None  # a session whose token has expired: nobody is signed in
    if found is None:
        raise unauthorized(
            problem(
                "unauthorized",
                "The key or token is not known, has expired or was revoked.",
                "La clé ou le jeton est inconnu, expiré ou révoqué.",
            )
        )
    return found


def shows_key(request: Request) -> bool:
    """Whether a request comes with what is, or looks like, a department's key."""
    return (_bearer(request) or "").startswith("gk_")


def _bearer(request: Request) -> str | None:
    return _of_header(request) or (request.cookies.get(SESSION) if _may_use_session(request) else None)


def _of_header(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _may_use_session(request: Request) -> bool:
    """A browser sends the cookie along with whatever it is made to ask: what changes something must come from our pages."""
    return request.method in {"GET", "HEAD"} or is_of_our_pages(request) is True


def is_of_our_pages(request: Request) -> bool | None:
    """Whether a browser sends this from a page of this very host; None where what sends it is no browser, and does not say."""
    origin = request.headers.get("origin")
    return None if origin is None else urlsplit(origin).netloc == request.headers.get("host")
