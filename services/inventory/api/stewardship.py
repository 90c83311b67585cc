"""What departments recorded of how they manage their services: for themselves, and for whoever oversees them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.inventory import store
from shared.access import May
from shared.contracts.reported.inventory_stewardship import StewardshipKind
from shared.identity import Department, Person
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page

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
