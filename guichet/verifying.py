"""`guichet verify`: every log whole in reporting, and every view the fold of what was read."""

import asyncio
from collections.abc import Callable
from typing import Any

from guichet.client import LONG_SECONDS, Services

SOURCES = ("inventory", "feedback", "status")
_WAIT_SECONDS = 120.0

Cell = tuple[str, str, str]


async def verify(services: Services, say: Callable[[str], None], wait: float = _WAIT_SECONDS) -> dict[str, Any]:
    """Freeze each log's last position, wait until reporting has passed it, and compare.

    `reconciled` is true when nothing differs. `missing` counts events of a log that reporting does not have;
    `lost`, per service that was restored from a backup, what came of the events it does not have any more.
    """
    cut = {source: (await services.ask(source, "/v1/log"))["position"] for source in SOURCES}
    say("Waiting until reporting has read every log")
    behind = await _passed(services, cut, wait)
    say("Comparing the logs with what was read")
    logs: dict[str, Any] = {}
    differences: list[dict[str, Any]] = []
    missing = 0
    for source in SOURCES:
        found, lost = await _compare(services, source, cut[source])
        differences += found
        missing += lost
        logs[source] = {"position": cut[source], "read": cut[source] - lost, "equal": not found}
    say("Comparing the views with the fold of the log")
    views = await services.ask("reporting", "/v1/reading/views", seconds=LONG_SECONDS)
    return {
        "reconciled": not differences and not behind and views["equal"],
        "logs": logs,
        "behind": behind,
        "missing": missing,
        "differences": differences,
        "views": views,
        "lost": await what_is_lost(services),
    }


async def what_is_lost(services: Services) -> dict[str, dict[str, int]]:
    """`{restores, lost, waiting, unlisted}` of each service that was restored from a backup."""
    answers = {source: await services.ask(source, "/v1/log/lost", query={"limit": 1}) for source in SOURCES}
    named = ("restores", "lost", "waiting", "unlisted")
    return {source: {name: answer[name] for name in named} for source, answer in answers.items() if answer["restores"]}


async def _passed(services: Services, cut: dict[str, int], wait: float) -> list[str]:
    """The services whose logs reporting has not read up to the cut within the time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        read = await services.ask("reporting", "/v1/reading")
        behind = []
        for source, position in cut.items():
            heard = [item["position"] for item in read["items"] if item["service"] == source]
            if position and (not heard or min(heard) < position):
                behind.append(source)
        if not behind or loop.time() > deadline:
            return behind
        await asyncio.sleep(0.2)


async def _compare(services: Services, source: str, until: int) -> tuple[list[dict[str, Any]], int]:
    """Cells that differ, with the ids of their events, and how many events are missing in reporting."""
    log = await _cells(services, source, "/v1/log/digest", {"until": until})
    read = await _cells_read(services, source, until)
    found = {cell: await _differing(services, source, cell, until) for cell in _unequal(log, read)}
    if not all(any(named.values()) for named in found.values()):
        # No event of it differs any more: it was read between the two answers, or the cell itself is wrong.
        still = _unequal(log, await _cells_read(services, source, until))
        found = {cell: named for cell, named in found.items() if any(named.values()) or cell in still}
    missing = sum(len(named["lost"]) for named in found.values())
    differences = [
        {"service": source, "type": kind, "org_id": org_id, "day": day}
        | {what: ids[:100] for what, ids in found[kind, org_id, day].items()}
        for kind, org_id, day in found
    ]
    return differences, missing


def _unequal(log: dict[Cell, tuple[int, str]], read: dict[Cell, tuple[int, str]]) -> list[Cell]:
    return sorted(cell for cell in log.keys() | read.keys() if log.get(cell) != read.get(cell))


async def _cells_read(services: Services, source: str, until: int) -> dict[Cell, tuple[int, str]]:
    return await _cells(services, "reporting", "/v1/reading/digest", {"service": source, "until": until})


async def _differing(services: Services, source: str, cell: Cell, until: int) -> dict[str, list[str]]:
    """The ids of a cell's events that reporting lacks, has besides, or has otherwise."""
    kind, org_id, day = cell
    query = {"type": kind, "org_id": org_id, "day": day, "until": until}
    log = await _events(services, source, "/v1/log/positions", query)
    read = await _events(services, "reporting", "/v1/reading/positions", {**query, "service": source})
    return {
        "lost": [log[position][1] for position in sorted(log.keys() - read.keys())],
        "invented": [read[position][1] for position in sorted(read.keys() - log.keys())],
        "changed": [log[each][1] for each in sorted(log.keys() & read.keys()) if log[each][0] != read[each][0]],
    }


async def _cells(services: Services, service: str, path: str, query: dict[str, Any]) -> dict[Cell, tuple[int, str]]:
    answer = await services.ask(service, path, query=query, seconds=LONG_SECONDS)
    return {(c["type"], c["org_id"], c["day"]): (c["events"], str(c["hash"])) for c in answer["cells"]}


async def _events(services: Services, service: str, path: str, query: dict[str, Any]) -> dict[int, tuple[str, str]]:
    answer = await services.ask(service, path, query=query, seconds=LONG_SECONDS)
    return {position: (digest, event) for position, digest, event in answer["items"]}


async def caught_up(services: Services, say: Callable[[str], None], wait: float = _WAIT_SECONDS) -> None:
    """Wait until status and feedback have read what inventory has recorded, so that no event meets an unknown service."""
    position = (await services.ask("inventory", "/v1/log"))["position"]
    say("Waiting until every service knows the inventory")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    still = 0
    while still < 3 and loop.time() < deadline:
        published = (await services.ask("inventory", "/readyz"))["relay"]["position"] >= position
        lags = [
            (await services.ask(s, "/readyz"))["consumers"][f"{s}.inventory"]["lag"] for s in ("status", "feedback")
        ]
        still = still + 1 if published and lags == [0, 0] else 0
        await asyncio.sleep(0.15)
    await _passed(services, {"inventory": position}, wait)
