"""Lineage up: from a reported event to what it changed."""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Request, Response

from services.reporting import store
from services.reporting.api.compliance.asking import AsIf, AsOf, Reader, RuleSet, question
from services.reporting.api.compliance.showing import shown
from services.reporting.api.performance import today
from services.reporting.api.tracing import read_record
from services.reporting.domain.compliance import Rules
from services.reporting.domain.compliance.asking import Cut
from services.reporting.domain.compliance.changing import differ
from services.reporting.domain.compliance.verdict import Verdict
from services.reporting.handlers.judging import verdicts
from services.reporting.handlers.knowing import Knowledge, knowledge, with_decisions
from shared.database import Connection
from shared.identity import Person
from shared.problems import Refused, problem
from shared.reading import answer

router = APIRouter(tags=["compliance"])


@router.get("/v1/events/{event_id:path}", summary="What a reported event changed: rows, figures, verdicts")
async def event(
    request: Request,
    reader: Reader,
    event_id: str,
    source: str | None = None,
    as_of: AsOf = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
) -> Response:
    found = await what_it_changed(request, reader, event_id, source, (as_of or today(), rules, as_if_in_force))
    return answer(request, found)


Asked = tuple[date, Rules | None, bool]


async def what_it_changed(
    request: Request, reader: Person, event_id: str, source: str | None, asked: Asked
) -> dict[str, Any]:
    """An event's records, its figures, and the verdicts that it changed or that rest on it. Raises Refused."""
    pool = request.app.state.pool
    rows = [row for row in await store.caused_by(pool, event_id, source) if reader.may_read(row["org_id"])]
    if not rows:
        raise Refused(
            problem(
                "not_found",
                f"No event {event_id} was recorded that you may read; it may still be on its way.",
                f"Aucun événement {event_id} que vous pouvez lire n'a été consigné; il est peut-être encore en chemin.",
            )
        )
    async with store.one_state(pool) as connection:
        known = await knowledge(connection, None)
        changed = [
            each
            for org_id in sorted({row["org_id"] for row in rows})
            for each in await _changed(connection, org_id, rows, known, asked)
        ]
    records = [{**await read_record(pool, row), "sha256": sha256(row["value"].encode()).hexdigest()} for row in rows]
    return {"event_id": event_id, "source": source, "records": records, "verdicts": changed, "as_of": asked[0]}


async def _changed(
    connection: Connection,
    org_id: str,
    rows: Sequence[Mapping[str, Any]],
    known: Knowledge,
    asked: Asked,
) -> list[dict[str, Any]]:
    """The requirements of an organisation that an event changed when it was read, and those that rest on it now."""
    day, rules, as_if = asked
    positions = [row["position"] for row in rows if row["org_id"] == org_id]
    refs = {(row["service"], row["service_position"]) for row in rows}
    now_cut = await with_decisions(connection, known, org_id)
    moment = now_cut.known_to
    cuts = (Cut(moment, min(positions) - 1), Cut(moment, max(positions)), now_cut)
    before, after, now = [
        await verdicts(connection, question(org_id, day, cut, rules, as_if_in_force=as_if)) for cut in cuts
    ]
    current = question(org_id, day, now_cut, rules, as_if_in_force=as_if)
    return [
        {
            "org_id": org_id,
            "requirement": last.requirement,
            "from": _numbers(one),
            "to": _numbers(other),
            "changed": differ(one, other),
            "now": shown(current, last),
            "rests_on_it": bool(refs & set(last.inputs)),
        }
        for one, other, last in zip(before, after, now, strict=True)
        if differ(one, other) or refs & set(last.inputs)
    ]


def _numbers(found: Verdict) -> dict[str, Any]:
    return {"state": found.state, "numerator": found.numerator, "denominator": found.denominator}
