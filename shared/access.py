"""Who may call an endpoint: said once, where the endpoint is, enforced before it runs, and listed in OpenAPI.

`GET /v1/cases` has `Depends(May("officer", "auditor"))`, and nobody else gets as far as its code. Which organisation's
things a caller may see is the endpoint's own affair; `create_app` refuses to start with an endpoint that says nothing.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.identity import Action, Department, Person, Role, caller, unauthorized
from shared.problems import Problem, Refused, problem

# `client`: a token without any role. `tracking`: whoever holds a tracking code's cookie, which the endpoint opens itself.
Who = Literal["anyone", "department", "client", "tracking"] | Role
EVERYONE = ("anyone", "department", "client", "tracking", *get_args(Role))

_WORDS: dict[str, tuple[str, str]] = {
    "department": ("a department's key", "la clé d'un ministère"),
    "client": ("a client's token", "le jeton d'un client"),
    "tracking": ("a tracking code", "un code de suivi"),
}


class May:
    """Lets pass who is named, as the dependency of an endpoint, and gives the endpoint the caller. Raises Refused.

    A department's key must be made for one of `actions`.
    """

    def __init__(self, *who: Who, actions: tuple[Action, ...] = ("read",)) -> None:
        self.who, self.actions = frozenset(who), actions

    async def __call__(self, request: Request) -> Any:
        if "anyone" in self.who:
            return None  # an endpoint that tells its callers apart all the same asks `caller` itself
        found = await caller(request)
        if found is None and "tracking" in self.who:
            return None
        if found is None:
            raise unauthorized(self._needs("unauthorized"))
        if refusal := self._refusal(request.app.state.service, found):
            raise Refused(refusal)
        return found

    def _refusal(self, service: str, found: Department | Person) -> Problem | None:
        if isinstance(found, Department):
            return self._department_refusal(service, found) if "department" in self.who else self._needs("forbidden")
        kinds = found.roles or frozenset({"client"})
        return None if kinds & self.who else self._needs("forbidden")

    def _department_refusal(self, service: str, found: Department) -> Problem | None:
        if service not in found.services:
            return problem(
                "forbidden",
                f"Your key does not open {service}; it opens {', '.join(found.services) or 'nothing'}.",
                f"Votre clé n'ouvre pas {service}; elle ouvre {', '.join(found.services) or 'rien'}.",
            )
        if not set(self.actions) & set(found.actions):
            return problem(
                "forbidden",
                f"Your key may not {' or '.join(self.actions)} here; it was made to {' and '.join(found.actions)}.",
                f"Votre clé ne permet pas ici l'action {' ou '.join(self.actions)}; elle permet : {', '.join(found.actions)}.",
            )
        return None

    def _needs(self, code: str) -> Problem:
        named = [each for each in EVERYONE if each in self.who]
        english = [_WORDS[each][0] if each in _WORDS else f"a token with the role {each}" for each in named]
        french = [_WORDS[each][1] if each in _WORDS else f"un jeton portant le rôle {each}" for each in named]
        return problem(
            code,
            f"This needs {' or '.join(english)} (Authorization: Bearer ...).",
            f"Il faut {' ou '.join(french)} (Authorization: Bearer ...).",
        )


ANYONE = Depends(May("anyone"))
Operator = Annotated[Person, Depends(May("operator"))]


def senders(*, overseen: bool) -> May:
    """Whoever may report through a service's door: departments, and oversight where it has something to report."""
    return May("department", *_OVERSIGHT[overseen], actions=("report",))


def receipt_readers(*, overseen: bool) -> May:
    """Whoever may report, or read what came of it."""
    return May("department", *_OVERSIGHT[overseen], actions=("report", "read"))


_OVERSIGHT: dict[bool, tuple[Who, ...]] = {True: ("oversight",), False: ()}


def access_of(app: FastAPI) -> dict[tuple[str, str], May]:
    """What each endpoint says of who may call it, by path and method. Raises RuntimeError for one that does not say."""
    found: dict[tuple[str, str], May] = {}
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            said = next(_said(route.dependant), None)
            if said is None:
                raise RuntimeError(f"{route.path} does not say who may call it: give it a Depends(May(...))")
            found |= {(str(route.path_format), method.lower()): said for method in route.methods or ()}
    return found


def _said(dependant: Dependant) -> Iterator[May]:
    for each in dependant.dependencies:
        if isinstance(each.call, May):
            yield each.call
        yield from _said(each)


def list_access(app: FastAPI) -> None:
    """Put into OpenAPI who may call what. Raises RuntimeError for an endpoint that does not say."""
    access, describe = access_of(app), app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["bearer"] = {"type": "http", "scheme": "bearer"}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                who = access[path, method].who
                operation["x-who-may-call"] = [each for each in EVERYONE if each in who]
                if "anyone" not in who:
                    operation["security"] = [{"bearer": []}]
        return document

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to extend it
