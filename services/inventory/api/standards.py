"""What programs read of service standards, public; and how an officer confirms a measure."""

from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Request, Response

from services.inventory import store
from services.inventory.api import bodies
from services.inventory.api.answers import no_such_standard, several_standards, standard_answer, versions
from services.inventory.handlers.confirming import confirm_measure
from shared.access import ANYONE, May
from shared.contracts.measure import Measure
from shared.database import Connection, Pool, transaction
from shared.described import refusals
from shared.identity import Person, caller
from shared.problems import Problem, Refused, problem
from shared.reading import After, Limit, after, answer, page, tag_of

router = APIRouter(tags=["inventory"])
Officer = Annotated[Person, Depends(May("officer"))]


@router.get(
    "/v1/standards", summary="Service standards, in their newest version or that of a year", dependencies=[ANYONE]
)
async def standards(
    request: Request,
    org: str | None = None,
    service: str | None = None,
    fiscal_year: str | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    rows = await store.list_standards(request.app.state.pool, org, service, fiscal_year, after(after_, 2), limit + 1)
    items = [standard_answer(row) for row in rows]
    listed = page(items, limit, lambda item: [item["service_id"], item["standard_id"]], as_of=datetime.now(UTC))
    return answer(request, listed)


@router.get(
    "/v1/standards/{standard_id}",
    summary="One service standard",
    dependencies=[ANYONE],
    responses=refusals("ambiguous"),
)
async def standard(request: Request, standard_id: str, service: str | None = None) -> Response:
    found = standard_answer(await only(request.app.state.pool, standard_id, service))
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


@router.get(
    "/v1/standards/{standard_id}/history",
    summary="Every version of one service standard",
    dependencies=[ANYONE],
    responses=refusals("ambiguous"),
)
async def history(request: Request, standard_id: str, service: str | None = None) -> Response:
    """Who confirmed a measure is told to whoever may read its organisation."""
    row = await only(request.app.state.pool, standard_id, service)
    rows = await store.standard_history(request.app.state.pool, row["service_id"], standard_id)
    reader = await caller(request)
    told = isinstance(reader, Person) and reader.may_read(row["owner"])
    items = [
        {**item, "confirmed_by": version["confirmed_by"] if told else None}
        for item, version in zip(versions(rows, standard_answer), rows, strict=True)
    ]
    found = {"items": items, "next": None}
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


@router.put(
    "/v1/standards/{standard_id}/measure",
    summary="Confirm how a standard is measured; If-Match: the standard's ETag",
    openapi_extra=bodies.described(Measure),
    responses=refusals(
        *bodies.REFUSED, "ambiguous", "precondition_required", "precondition_failed", "wrong_organization"
    ),
)
async def confirm(request: Request, standard_id: str, officer: Officer, service: str | None = None) -> Response:
    row = await only(request.app.state.pool, standard_id, service, officer.org_id)
    refuse_another_s(officer, row)
    tags = _tags(request)
    found = await confirm_as_read(request, officer, row, tags, await bodies.read(request, Measure))
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


def refuse_another_s(officer: Person, row: dict[str, Any]) -> None:
    """Raises Refused."""
    if officer.org_id != row["owner"]:
        raise Refused(_not_your_standard(row["standard_id"]))


async def confirm_as_read(
    request: Request, officer: Person, row: dict[str, Any], tags: frozenset[str], measure: Measure
) -> dict[str, Any]:
    """The standard as it is then, where one of `tags` is that of its newest version. Raises Refused."""
    try:
        async with transaction(request.app.state.pool) as connection:
            changed = await _confirm(connection, row, tags, measure, officer.subject)
    except asyncpg.UniqueViolationError:
        raise Refused(_changed()) from None  # a department's report came between
    if changed:
        request.app.state.committed.set()
    return standard_answer(await only(request.app.state.pool, row["standard_id"], row["service_id"]))


async def _confirm(
    connection: Connection, row: dict[str, Any], tags: frozenset[str], measure: Measure, by: str
) -> bool:
    await store.hold_standard(connection, row["service_id"], row["standard_id"])
    newest = await only(connection, row["standard_id"], row["service_id"])
    if not tags & {"*", tag_of(standard_answer(newest))}:
        raise Refused(_changed())
    return await confirm_measure(connection, newest, measure, by, datetime.now(UTC))


async def only(
    pool: Pool | Connection, standard_id: str, service: str | None, org_id: str | None = None
) -> dict[str, Any]:
    """The newest version of the one standard of this id, of an organisation where several have one. Raises Refused."""
    every = await store.standards_named(pool, standard_id, service)
    found = [each for each in every if each["owner"] == org_id] or every
    if not found:
        raise Refused(no_such_standard(standard_id))
    if len(found) > 1:
        raise Refused(several_standards(standard_id))
    return found[0]


def _tags(request: Request) -> frozenset[str]:
    """The versions that the caller has read. Raises Refused where none is said: nothing is overwritten unseen."""
    said = request.headers.get("if-match", "")
    tags = frozenset(each.strip() for each in said.split(",") if each.strip())
    if not tags:
        raise Refused(
            problem(
                "precondition_required",
                "Send If-Match with the ETag of the standard as you have read it (GET /v1/standards/{id}).",
                "Envoyez If-Match avec l'ETag de la norme telle que vous l'avez lue (GET /v1/standards/{id}).",
            )
        )
    return tags


def _changed() -> Problem:
    return problem(
        "precondition_failed",
        "The standard has another version since; read it again, and confirm what it says now.",
        "La norme a depuis une autre version; relisez-la, et confirmez ce qu'elle dit maintenant.",
    )


def _not_your_standard(standard_id: str) -> Problem:
    return problem(
        "wrong_organization",
        f"Standard {standard_id} is another organisation's; its own officers confirm how it is measured.",
        f"La norme {standard_id} relève d'une autre organisation; ses propres agents en confirment la mesure.",
    )
