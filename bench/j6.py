"""J6, verdicts: every requirement of a hundred organisations with 1,750 services in all, as of a day; one organisation after one more
event; and what a reader waits for, as of a day and down to the events.

Evidence is published on the topics and read by reporting itself. The numbers of three requirements are known by construction,
and every answer is asked twice.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bench import results
from bench.compliance_events import AS_OF, SERVICES, Published, Reports, reports
from bench.draining import memory
from bench.rig import cpu_seconds, fill, rig
from bench.saying import say
from guichet.client import Services
from guichet.system import System
from services.reporting.domain.compliance import Rules
from services.reporting.domain.compliance.asking import Cut, Question
from services.reporting.domain.compliance.facts import Facts
from services.reporting.handlers.judging import answers, facts_of, verdicts
from shared.database import Pool, open_pool
from shared.organizations import organizations
from shared.testing import eventually

_ORGANIZATIONS = 100
_RULES: Rules = "policy-2014"
_ALL = datetime(2200, 1, 1, tzinfo=UTC)


def run(*, quick: bool) -> dict[str, Any]:
    org_ids = sorted(each.org_id for each in organizations().values() if each.policy_scope == "IN_SCOPE")[
        :_ORGANIZATIONS
    ]
    runs, asked = (3, 60) if quick else (5, 300)
    made = reports(org_ids)
    with rig(services=False) as system:
        return asyncio.run(_measure(system, made, runs, asked))


async def _measure(system: System, made: Reports, runs: int, asked: int) -> dict[str, Any]:
    part = system.start_service("reporting")
    await _publish(system, made.published)
    pool = await open_pool(system.database("reporting"), 4)
    try:
        await _read(pool, len(made.published))
        say(f"{len(made.published):,} events of {len(made.org_ids)} organisations and {SERVICES:,} services are read")
        gc.freeze()  # as a service does (shared/serving.py)
        facts, reading = await _facts(pool, made.org_ids)
        cold = [_evaluated(facts) for _ in range(runs)]
        say(f"  from facts: {', '.join(f'{seconds:.2f} s' for seconds, _ in cold)}")
        one = await _one_more(system, pool, made)
        system.write_addresses()
        async with Services(system.home) as services:
            before = cpu_seconds([part.pid or 0])
            as_of, shown = await _latencies(asked, made.org_ids, lambda org: _verdicts(services, org))
            ids = [each["verdict_id"] for answer in shown for each in answer["verdicts"]]
            explain, _ = await _latencies(
                asked, ids[:: max(1, len(ids) // asked)], lambda id_: _explained(services, id_)
            )
            spent = cpu_seconds([part.pid or 0]) - before
            peak = memory(part.pid or 0)
        wrong = _wrong(made, cold, shown)
    finally:
        await pool.close()
    ours = {
        "median": round(_verdicts_a_second(cold, made), 1),
        "runs": [round(len(made.org_ids) * 16 / seconds, 1) for seconds, _ in cold],
        "cpu_seconds_per_1000_events": None,
        "peak_memory_mb": round(peak, 1),
        "correct": not wrong,
        **({"differing": wrong} if wrong else {}),
    }
    return results.result(
        "j6",
        ours,
        unit="verdicts/s from facts",
        organizations=len(made.org_ids),
        services=SERVICES,
        events=len(made.published),
        cold_seconds=round(sorted(seconds for seconds, _ in cold)[runs // 2], 3),
        reading_and_folding_seconds=round(reading, 2),
        one_event_ms=one,
        as_of_ms=as_of,
        explain_ms=explain,
        cpu_ms_a_question=round(spent / (2 * asked) * 1000, 1),
    )


async def _publish(system: System, published: Sequence[Published]) -> None:
    for topic in sorted({topic for topic, _ in published}):
        await fill(system.kafka, topic, (record for each, record in published if each == topic))


async def _read(pool: Pool, events: int) -> None:
    async def all_read() -> bool:
        return bool(await pool.fetchval("select count(*) from logged_event") >= events)

    await eventually(all_read, seconds=120)


def _question(org: str) -> Question:
    return Question(org, _RULES, AS_OF, Cut(_ALL, 2**62))


async def _facts(pool: Pool, org_ids: Sequence[str]) -> tuple[dict[str, Facts], float]:
    """The facts of each organisation, and how long reading and folding them took."""
    began = time.perf_counter()
    async with pool.acquire() as connection:
        found = {org: await facts_of(connection, _question(org)) for org in org_ids}
    return found, time.perf_counter() - began


def _evaluated(facts: dict[str, Facts]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    found = {org: answers(_question(org), each) for org, each in facts.items()}
    return time.perf_counter() - began, found


def _verdicts_a_second(cold: Sequence[tuple[float, Any]], made: Reports) -> float:
    return len(made.org_ids) * 16 / sorted(seconds for seconds, _ in cold)[len(cold) // 2]


async def _one_more(system: System, pool: Pool, made: Reports) -> dict[str, float]:
    """Milliseconds to judge an organisation anew once one more event of it has been read."""
    milliseconds = []
    for number, org in enumerate(made.org_ids):
        more = made.said(org, "assessment_completed", "2018-11-01", f"A{number}", fiscal_year="2018-2019")
        await _publish(system, [more])
        await _read(pool, len(made.published))
        async with pool.acquire() as connection:
            began = time.perf_counter()
            await verdicts(connection, _question(org))
            milliseconds.append((time.perf_counter() - began) * 1000)
    return _shares(milliseconds)


async def _verdicts(services: Services, org: str) -> Any:
    return await services.ask("reporting", f"/v1/compliance/{org}", query={"as_of": AS_OF, "rules": _RULES})


async def _explained(services: Services, verdict_id: str) -> Any:
    return await services.ask("reporting", f"/v1/verdicts/{verdict_id}/evidence")


async def _latencies(
    number: int, things: Sequence[str], ask: Callable[[str], Awaitable[Any]]
) -> tuple[dict[str, float], list[Any]]:
    """Milliseconds of so many questions, one after the other, and their answers."""
    milliseconds, found = [], []
    for each in range(number):
        began = time.perf_counter()
        found.append(await ask(things[each % len(things)]))
        milliseconds.append((time.perf_counter() - began) * 1000)
    return _shares(milliseconds), found


def _shares(milliseconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {"p50": round(ordered[len(ordered) // 2], 1), "p95": round(ordered[int(len(ordered) * 0.95)], 1)}


def _wrong(made: Reports, cold: Sequence[tuple[float, Any]], shown: Sequence[Any]) -> list[str]:
    """What is not as it must be: numbers other than those known, and answers that were not the same twice."""
    first = cold[0][1]
    found = {
        (org, each.requirement): (each.numerator, each.denominator) for org, some in first.items() for each in some
    }
    wrong = {requirement for (org, requirement), numbers in made.expected.items() if found[org, requirement] != numbers}
    wrong |= {"not the same twice" for _, again in cold if again != first}
    for answer in shown:
        said = {each["requirement"]: (each["numerator"], each["denominator"]) for each in answer["verdicts"]}
        wrong |= {
            f"{requirement} over HTTP"
            for (org, requirement), numbers in made.expected.items()
            if org == answer["org_id"] and said[requirement] != numbers
        }
    return sorted(wrong)
