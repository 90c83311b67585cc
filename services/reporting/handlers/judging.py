"""Questions about compliance answered: the evidence is read from the log, folded and judged."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from services.reporting import store
from services.reporting.domain.compliance import evaluate
from services.reporting.domain.compliance.asking import Cut, Question
from services.reporting.domain.compliance.facts import Body, Entry, Facts, Live
from services.reporting.domain.compliance.folding import fold
from services.reporting.domain.compliance.publishing import declared_live
from services.reporting.domain.compliance.standing import moment_of
from services.reporting.domain.compliance.verdict import Verdict
from shared.database import Connection
from shared.organizations import organizations

# Not bound by the policy of 2014 as it names bodies, yet judged: the Canada Revenue Agency reports voluntarily, and two
# bodies of Parliament came into being after its text.
_VOLUNTARY = frozenset({"46"})


def body_of(org_id: str) -> Body:
    found = organizations()[org_id]
    voluntary = org_id in _VOLUNTARY or found.policy_scope == "CHECK_NOT_NAMED_POST_2014"
    return Body(org_id, found.policy_scope, voluntary)


async def shared_entries(connection: Connection, cut: Cut) -> list[Entry]:
    """What concerns several organisations: transfers, and the list of mandatory services."""
    return await _read(await store.shared_evidence(connection, *_how_far(cut)))


async def reported(connection: Connection, org_id: str, cut: Cut, after: int = 0) -> list[Entry]:
    """What an organisation reported: read after a position, up to a cut."""
    return await _read(await store.evidence(connection, org_id, *_how_far(cut), after))


async def entries(connection: Connection, org_id: str, cut: Cut, shared: Sequence[Entry] | None = None) -> list[Entry]:
    """Everything recorded that concerns an organisation, up to a cut; `shared` where it has been read before."""
    several = await shared_entries(connection, cut) if shared is None else shared
    return await reported(connection, org_id, cut) + await beside(connection, org_id, cut, several)


async def beside(connection: Connection, org_id: str, cut: Cut, shared: Sequence[Entry]) -> list[Entry]:
    """What concerns an organisation beside its own reports: what people decided, what concerns several, and what others had
    reported of services that were transferred to it.
    """
    decided = await _read(await store.own_evidence(connection, org_id, cut.known_to))
    come = {each.data["service_id"] for each in shared if each.data.get("to_org") == org_id}
    if not come:
        return [*decided, *shared]
    moved = [each.data for each in shared if each.data.get("service_id") in come]
    before = {data[side] for data in moved for side in ("from_org", "to_org")} - {org_id}
    rows = await store.evidence_of_services(connection, come, before, *_how_far(cut))
    return [*decided, *shared, *await _read(rows)]


def _how_far(cut: Cut) -> tuple[int | None, datetime | None]:
    return cut.position, cut.known_to if cut.position is None else None


# A large department has hundreds of thousands of events: what is done with each of them is done beside the loop.


async def _read(rows: Sequence[Mapping[str, Any]]) -> list[Entry]:
    return await asyncio.to_thread(lambda: [_entry(row) for row in rows])


def _entry(row: Mapping[str, Any]) -> Entry:
    name = row["type"].rpartition(".")[0].rpartition(".")[2]
    data = orjson.loads(row["value"])["data"]
    return Entry(row["service"], row["service_position"], name, row["org_id"], row["recorded_at"], data)


async def facts_of(connection: Connection, question: Question, shared: Sequence[Entry] | None = None) -> Facts:
    return await folded(connection, question, await entries(connection, question.org_id, question.cut, shared))


async def folded(connection: Connection, question: Question, found: Sequence[Entry]) -> Facts:
    facts = await asyncio.to_thread(fold, body_of(question.org_id), found, question.cut.known_to)
    return await with_live(connection, question, facts)


async def with_live(connection: Connection, question: Question, facts: Facts) -> Facts:
    """Facts, and since when our own live pages stood as they did, where they are declared to be the ones."""
    if not (services := declared_live(facts)):
        return facts
    moment = moment_of(facts, question.as_of)
    changes = await store.last_changes(connection, question.org_id, services, moment, *_how_far(question.cut))
    return replace(facts, live={service: Live(at, ref) for service, (at, ref) in changes.items()})


def answers(question: Question, facts: Facts) -> tuple[Verdict, ...]:
    return evaluate(question.rules, facts, question.as_of, question.settings, as_if_in_force=question.as_if_in_force)


async def verdicts(
    connection: Connection, question: Question, shared: Sequence[Entry] | None = None
) -> tuple[Verdict, ...]:
    return await asyncio.to_thread(answers, question, await facts_of(connection, question, shared))
