"""Who may see which case: officers of its organisation, people who read all, and whoever holds its tracking code."""

from datetime import datetime
from typing import Any

from fastapi import Request

from services.feedback import store
from services.feedback.handlers.tracking import CODES
from shared.identity import Person, caller
from shared.problems import Problem, Refused, problem


async def readable_org(request: Request, org: str | None) -> str | None:
    """The organisation whose cases the caller may read; None: all of them. Raises Refused."""
    found = await caller(request)
    if isinstance(found, Person) and found.may_read():
        org = org if found.reads_all else org or found.org_id
        if found.may_read(org):
            return org
    raise Refused(
        problem(
            "forbidden" if found else "unauthorized",
            "Cases are read by officers of their organisation; send a token with that role.",
            "Les cas sont lus par les agents de leur organisation; envoyez un jeton portant ce rôle.",
        ),
        {} if found else {"WWW-Authenticate": "Bearer"},
    )


async def row_of(request: Request, feedback_id: str, org: str | None, now: datetime) -> tuple[dict[str, Any], bool]:
    """The case that the caller may see, and whether it is their own (by its tracking code). Raises Refused."""
    pool, key = request.app.state.pool, CODES.key_of_cookie(request)
    if key is not None and key[1] == feedback_id and org in {None, key[0]} and await caller(request) is None:
        rows = await store.case(pool, key[0], feedback_id, now)
        return (rows[0], True) if rows else (_refuse(no_such_case()), True)
    rows = await store.case(pool, await readable_org(request, org), feedback_id, now)
    if len(rows) > 1:
        _refuse(
            problem(
                "ambiguous",
                "Several organisations have a case of this id; say which with ?org=.",
                "Plusieurs organisations ont un cas portant cet identifiant; précisez-la par ?org=.",
            )
        )
    return (rows[0], False) if rows else (_refuse(no_such_case()), False)


async def officers_case(request: Request, feedback_id: str, officer: Person, now: datetime) -> dict[str, Any]:
    """A case of the officer's own organisation, to work on. Raises Refused."""
    rows = await store.case(request.app.state.pool, officer.org_id or "", feedback_id, now)
    return rows[0] if rows else _refuse(no_such_case())


def _refuse(found: Problem) -> Any:
    raise Refused(found)


def no_such_case() -> Problem:
    return problem("not_found", "There is no case of this id.", "Aucun cas ne porte cet identifiant.")
