"""J1, drain: reporting's own consumer, as it ships, from a filled topic of status events; peers do the same beside it.

Every run drains the same topic into an empty database. Contenders take turns within one run; the median counts.
"""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Any

from bench import oracle, results
from bench.contenders import NAMES, OURS, Contender, chosen
from bench.draining import Filled, NotDone, drain
from bench.events import Record, as_published, status_events
from bench.rig import fill, make_topic, rig
from bench.saying import say
from guichet.system import System

TOPIC = "status.applications.v1"
_FEW_TOPIC = "bench.few.v1"
_FEW = 3_000
_PARTITIONS = 6
_QUICK = ("raw", "faststream")


def run(*, quick: bool, peers: Sequence[str] | None = None) -> dict[str, Any]:
    number, runs = (100_000, 3) if quick else (300_000, 5)
    against, skipped = chosen(peers, _QUICK if quick else NAMES)
    say(f"J1: making {number:,} events")
    records = list(as_published(status_events(number)))
    contenders = [OURS, *against]
    with rig(services=False) as system:
        many = asyncio.run(_filled(system, TOPIC, records))
        few = asyncio.run(_filled(system, _FEW_TOPIC, list(islice(records, _FEW)))) if _has_few(contenders) else many
        found = asyncio.run(_take_turns(system, contenders, many, few, runs, skipped))
    ours = results.contender(found.pop("ours"))
    them = {name: results.contender(each) for name, each in found.items()}
    return results.result("j1", ours, them, skipped, events=number, unit="events/s drained")


def _has_few(contenders: Sequence[Contender]) -> bool:
    return any(each.few for each in contenders)


async def _filled(system: System, topic: str, records: Sequence[Record]) -> Filled:
    say(f"Filling {topic} with {len(records):,} records")
    if topic != TOPIC:
        await make_topic(system.kafka, topic, _PARTITIONS)
    await fill(system.kafka, topic, records)
    return Filled(topic, len(records), oracle.expected(records))


async def _take_turns(
    system: System, contenders: Sequence[Contender], many: Filled, few: Filled, runs: int, skipped: dict[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Each contender's runs; who is not done is out, and its reason goes to `skipped`."""
    found: dict[str, list[dict[str, Any]]] = {each.name: [] for each in contenders}
    for turn in range(1, runs + 1):
        for each in [each for each in contenders if each.name not in skipped]:
            try:
                measured = await drain(system, each, few if each.few else many)
            except NotDone as error:
                if each is OURS:
                    raise
                say(f"  {error}")
                skipped[each.name] = "it wrote nothing, or was not done in time"
                found.pop(each.name)
                continue
            found[each.name].append(measured)
            say(f"  run {turn} of {runs}, {each.name}: {_in_words(measured)}")
    return found


def _in_words(measured: dict[str, Any]) -> str:
    sql = f", {measured['sql_seconds']} s of it the SQL" if "sql_seconds" in measured else ""
    wrong = f", wrong: {', '.join(measured['differing'])}" if measured["differing"] else ""
    return f"{measured['events_per_second']:,.0f} events/s{sql}{wrong}"
