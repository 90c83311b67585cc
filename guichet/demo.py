"""`guichet demo`: the whole system, an inventory, and departments that report."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from guichet import inventory_files, keys
from guichet.client import Services
from guichet.feeding import Sent, drip, feed
from guichet.inventory_files import Import
from guichet.progress import Bar, console, working
from guichet.simulator import Simulation
from guichet.synthetic import SERVICES as SYNTHETIC_SERVICES
from guichet.synthetic import STANDARDS as SYNTHETIC_STANDARDS
from guichet.verifying import caught_up, verify

_LIVE_PER_SECOND = 20.0
_UNDER_WAY = 6


def read_inventory(files: Sequence[Path]) -> Import:
    return inventory_files.read(files or [SYNTHETIC_SERVICES, SYNTHETIC_STANDARDS])


@dataclass(slots=True)
class Loaded:
    """What became of an inventory's rows, and the keys they were sent with, by organisation."""

    keys: dict[str, str]
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)


async def load_inventory(services: Services, inventory: Import, bar: Bar) -> Loaded:
    """Make each organisation's key, and send the inventory through the door, services before their standards."""
    bar.say("Making departments' keys")
    org_ids = sorted({row.org_id for row in inventory.to_send if row.org_id})
    loaded = Loaded(await keys.kept(services, services.home, org_ids))
    bar.say("Sending the inventory")
    limit = asyncio.Semaphore(_UNDER_WAY)

    async def send(org_id: str, kind: str) -> None:
        rows = [row for row in inventory.to_send if row.kind == kind and row.org_id == org_id]
        events = [orjson.dumps(inventory_files.event(row)) for row in rows]
        for start in range(0, len(events), 1000):
            async with limit:
                receipts = await services.send("inventory", loaded.keys[org_id], events[start : start + 1000])
            loaded.outcomes.update(receipt["outcome"] for receipt in receipts)
            loaded.refused += [receipt for receipt in receipts if receipt["outcome"] == "rejected"]
        bar.advance(len(events))

    for kind in ("service", "standard"):
        await asyncio.gather(*(send(org_id, kind) for org_id in org_ids))
    await caught_up(services, bar.say)
    return loaded


async def once(services: Services, inventory: Import, events: int, seed: int, *, quiet: bool) -> dict[str, Any]:
    """Send N events as fast as they are accepted, wait until every view has them, reconcile; the summary."""
    started = datetime.now(UTC)
    with working("Loading the inventory", total=len(inventory.to_send), quiet=quiet) as bar:
        loaded = await load_inventory(services, inventory, bar)
    sent = Sent()
    simulation = Simulation(inventory, seed, datetime.now(UTC))
    since = datetime.now(UTC)
    began = time.perf_counter()
    with working("Sending events", total=events, quiet=quiet) as bar:
        await feed(services, loaded.keys, simulation.backlog(events), sent, bar.advance)
    with working("Reconciling", quiet=quiet) as bar:
        outcome = await verify(services, bar.say)
        seconds = time.perf_counter() - began
    return await _summary(services, inventory, sent, outcome, since, seconds, started)


async def _summary(
    services: Services,
    inventory: Import,
    sent: Sent,
    outcome: dict[str, Any],
    since: datetime,
    seconds: float,
    started: datetime,
) -> dict[str, Any]:
    recorded = {
        name: (await services.ask(name, "/v1/log"))["position"]
        for name in ("inventory", "feedback", "status", "reporting")
    }
    lag = await services.ask("reporting", "/v1/reading/lag", query={"since": since.isoformat()})
    accepted = sent.outcomes["accepted"]
    verdicts: Counter[str] = Counter()
    after = None
    while True:
        query = {"window": "fiscal_year", "limit": 1000, "after": after}
        figures = await services.ask("reporting", "/v1/performance", query=query)
        verdicts.update(item["verdict"] or "suppressed" for item in figures["items"])
        after = figures["next"]
        if after is None:
            break
    behind = bool(outcome["behind"]) or not outcome["views"]["equal"]
    return {
        "sent": sent.total,
        "accepted": accepted,
        "duplicate": sent.outcomes["duplicate"],
        "rejected": sent.outcomes["rejected"],
        "recorded": recorded,
        "in_views": 0 if behind else accepted - outcome["missing"],
        "reconciled": outcome["reconciled"] and not sent.surprises,
        "surprises": sent.surprises[:10],
        "differences": outcome["differences"][:10] + outcome["views"]["differences"][:10],
        "seconds": round(seconds, 3),
        "events_per_second": round(sent.total / seconds, 1),
        "freshness_ms": {"p50": lag["p50"] and round(lag["p50"], 1), "p99": lag["p99"] and round(lag["p99"], 1)},
        "verdicts": dict(verdicts),
        "organizations": len({row.org_id for row in inventory.to_send}),
        "services": len({row.data.service_id for row in inventory.to_send if row.kind == "service" and row.data}),
        "standards": sum(row.kind == "standard" for row in inventory.to_send),
        "started": started.isoformat(),
    }


async def live(services: Services, inventory: Import, events: int, seed: int, speed: float) -> None:
    """The inventory, some weeks of history, then events as they happen, until stopped."""
    with working("Loading the inventory", total=len(inventory.to_send)) as bar:
        loaded = await load_inventory(services, inventory, bar)
    simulation = Simulation(inventory, seed, datetime.now(UTC))
    sent = Sent()
    with working("Sending sixty days of events", total=events) as bar:
        await feed(services, loaded.keys, simulation.backlog(events), sent, bar.advance)
    rate = _LIVE_PER_SECOND * speed
    console.print(f"{sent.total:,} events sent; from here on {rate:g} a second. Ctrl-C stops everything.")
    reports = simulation.live(lambda: datetime.now(UTC))
    await asyncio.gather(drip(services, loaded.keys, reports, sent, rate), _tell(sent))


async def _tell(sent: Sent) -> None:
    """A line a minute, where nobody looks at a bar."""
    while True:
        await asyncio.sleep(60)
        counted = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(sent.outcomes.items()))
        console.print(f"{sent.total:,} events sent: {counted}")
