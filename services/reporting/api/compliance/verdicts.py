"""The verdicts of an organisation or of all, and what changed between two states of knowledge."""

import asyncio
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from services.reporting import store
from services.reporting.api.compliance.asking import (
    AsIf,
    AsOf,
    KnownAt,
    Reader,
    RuleSet,
    organization_of,
    question,
)
from services.reporting.api.compliance.evidence import record_shown
from services.reporting.api.compliance.showing import shown_all
from services.reporting.api.performance import today
from services.reporting.domain.compliance import Rules
from services.reporting.domain.compliance.asking import Cut
from services.reporting.domain.compliance.changing import Difference, differences
from services.reporting.domain.compliance.verdict import Verdict
from services.reporting.handlers.judging import answers, entries, folded, shared_entries, verdicts
from services.reporting.handlers.knowing import knowledge, with_decisions
from shared.database import Connection
from shared.identity import Person
from shared.organizations import organizations
from shared.reading import After, Limit, Moment, after, answer, page

router = APIRouter(tags=["compliance"])


@router.get("/v1/compliance", summary="Compliance of every organisation that the reader may see")
async def compliance(
    request: Request,
    reader: Reader,
    org: str | None = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    day, (start,) = as_of or today(), after(after_)
    wanted = sorted(each for each in organizations() if org in {None, each} and reader.may_read(each))
    ids = [each for each in wanted if each > start][: limit + 1]
    async with store.one_state(request.app.state.pool) as connection:
        known = await knowledge(connection, known_at)
        shared, items = await shared_entries(connection, known.cut), []
        for org_id in ids[:limit]:
            cut = await with_decisions(connection, known, org_id)
            asked = question(org_id, day, cut, rules, as_if_in_force=as_if_in_force)
            items.append(shown_all(asked, await verdicts(connection, asked, shared)))
    items += [{"org_id": org_id} for org_id in ids[limit:]]
    return answer(request, page(items, limit, lambda item: [item["org_id"]], as_of=day, **known.as_dict()))


@router.get("/v1/compliance/{org_id}", summary="Compliance of one organisation, requirement by requirement")
async def compliance_of(
    request: Request,
    reader: Reader,
    org_id: str,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
) -> Response:
    return answer(request, await judge(request, reader, org_id, as_of or today(), known_at, rules, as_if_in_force))


async def judge(
    request: Request,
    reader: Person,
    org_id: str,
    day: date,
    known_at: datetime | None,
    rules: Rules | None,
    as_if_in_force: bool,
) -> dict[str, Any]:
    """An organisation's verdicts, and what they know. Raises Refused."""
    organization_of(org_id, reader)
    async with store.one_state(request.app.state.pool) as connection:
        known = await knowledge(connection, known_at)
        cut = await with_decisions(connection, known, org_id)
        asked = question(org_id, day, cut, rules, as_if_in_force=as_if_in_force)
        found = await verdicts(connection, asked)
    return {**shown_all(asked, found), "as_of": day, **known.as_dict()}


@router.get("/v1/compliance/{org_id}/changes", summary="What became known between two moments, and what it changed")
async def changes(
    request: Request,
    reader: Reader,
    org_id: str,
    known_from: Moment,
    as_of: AsOf = None,
    known_to: KnownAt = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
) -> Response:
    organization_of(org_id, reader)
    day = as_of or today()
    async with store.one_state(request.app.state.pool) as connection:
        first, last = await knowledge(connection, known_from), await knowledge(connection, known_to)
        asked = question(org_id, day, last.cut, rules, as_if_in_force=as_if_in_force)
        then = replace(asked, cut=Cut(min(first.cut.known_to, last.cut.known_to)))
        old, new = await entries(connection, org_id, then.cut), await entries(connection, org_id, last.cut)
        before = await asyncio.to_thread(answers, then, await folded(connection, then, old))
        now = await asyncio.to_thread(answers, asked, await folded(connection, asked, new))
        found = [await _shown(connection, each) for each in differences(before, now, old, new)]
    body_ = {"org_id": org_id, "as_of": day, "rules": asked.rules, "changes": found}
    known = {"known_from": then.cut.known_to, "known_to": last.cut.known_to, "watermark": last.watermark}
    return answer(request, {**body_, **known})


async def _shown(connection: Connection, found: Difference) -> dict[str, Any]:
    records = await store.records(connection, found.events)
    return {
        "requirement": found.requirement,
        "from": side_shown(found.before),
        "to": side_shown(found.now),
        "events": [record_shown(record) for record in records],
    }


def side_shown(found: Verdict | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "state": found.state,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "excluded": found.excluded,
        "explanation": found.explanation.model_dump(),
    }
