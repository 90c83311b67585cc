"""Whose decisions a caller may read, and how a list of them is answered."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response

from services.reporting import store
from services.reporting.api.readers import readable_org
from services.reporting.handlers.deciding import Kind, answers_of
from shared.identity import Person
from shared.organizations import organizations
from shared.problems import Problem, Refused, problem
from shared.reading import after, answer, page, to_json


async def listed(request: Request, kind: Kind, org: str | None, limit: int, after_: str | None) -> Response:
    org = await readable_org(request, org)
    rows = await store.decisions(request.app.state.pool, kind, org, after(after_, 2), limit + 1)
    found = page(rows, limit, lambda row: [row["org_id"], row["decision_id"]], as_of=datetime.now(UTC))
    return answer(request, {**found, "items": answers_of(found["items"], kind)})


def own_organization(person: Person) -> str:
    """The organisation in whose name somebody decides. Raises Refused."""
    if person.org_id in organizations():
        return str(person.org_id)
    raise Refused(
        problem(
            "forbidden",
            "Your token names no organisation of the reference table.",
            "Votre jeton ne nomme aucune organisation de la table de référence.",
        )
    )


def taken(request: Request, found: dict[str, Any] | Problem) -> dict[str, Any]:
    """The decision, which the log's readers hear of. Raises Refused."""
    if isinstance(found, Problem):
        raise Refused(found)
    request.app.state.committed.set()
    return found


def decided(found: dict[str, Any]) -> Response:
    """201 with the decision."""
    return Response(to_json(found), 201, {"ETag": f'"{found["version"]}"'}, media_type="application/json")
