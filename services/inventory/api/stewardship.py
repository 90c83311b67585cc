"""What departments recorded of how they manage their services: for themselves, and for whoever oversees them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.inventory import store
from shared.access import May
from shared.contracts.reported.inventory_stewardship import StewardshipKind
from shared.described import refusals
from shared.identity import Department, Person
from shared.official import comparing
from shared.problems import Problem, Refused, problem
from shared.reading import After, Limit, after, answer, page, tag_of

router = APIRouter(tags=["inventory"])
Reader = Annotated[
    Department | Person,
    Depends(May("department", "officer", "deputy_head", "oversight", "auditor", "operator")),
]


@router.get("/v1/stewardship", summary="Stewardship records, in their newest version, whole")
async def stewardship(
    request: Request,
    reader: Reader,
    org: str | None = None,
    kind: StewardshipKind | None = None,
    service: str | None = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    org = whose(reader, org)
    last = after(after_, 2)
    rows = await store.list_stewardship(request.app.state.pool, org, kind, service, (last[0], last[1]), limit + 1)
    items = [record_answer(row) for row in rows]
    listed = page(items, limit, lambda item: [item["org_id"], item["record_id"]], as_of=datetime.now(UTC))
    return answer(request, listed)


@router.get(
    "/v1/stewardship/{org}/history",
    summary="Every version of one stewardship record",
    responses=refusals("not_found", "wrong_organization"),
)
async def history(request: Request, reader: Reader, org: str, record_id: str) -> Response:
    rows = await store.stewardship_history(request.app.state.pool, whose(reader, org) or org, record_id)
    if not rows:
        raise Refused(_no_such_record(org, record_id))
    before = [None, *rows]
    items = [
        {
            **record_answer(row),
            "withdrawn": row["withdrawn"],
            "changes": comparing.changes(last["fields"], row["fields"]) if last else [],
        }
        for last, row in zip(before, rows, strict=False)
    ]
    found = {"items": items, "next": None}
    return answer(request, {**found, "as_of": datetime.now(UTC)}, tag=tag_of(found))


def _no_such_record(org: str, record_id: str) -> Problem:
    return problem(
        "not_found",
        f"Organisation {org} has no record {record_id}.",
        f"L'organisation {org} n'a pas de consignation {record_id}.",
        "record_id",
    )


def whose(reader: Department | Person, org: str | None) -> str | None:
    """The organisation that a caller reads of: its own, or any for whoever reads all. Raises Refused."""
    if isinstance(reader, Person) and reader.reads_all:
        return org
    if reader.org_id is not None and org in {None, reader.org_id}:
        return reader.org_id
    raise Refused(
        problem(
            "wrong_organization",
            "You may read of your own organisation alone.",
            "Vous ne pouvez consulter que votre propre organisation.",
        )
    )


def record_answer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "org_id": row["org_id"],
        "record_id": row["record_id"],
        "kind": row["kind"],
        "version": row["version"],
        "on": row["on_date"],
        "fields": {name: value for name, value in row["fields"].items() if name != "kind"},
        "recorded_at": row["recorded_at"],
        "by": {"source": row["source"], "event_id": row["event_id"]},
    }
