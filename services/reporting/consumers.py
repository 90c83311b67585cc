"""What reporting listens to: everything the other services record. What that changes in verdicts is told beside, and what was read is made easy to look through."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from fastapi import FastAPI

from services.reporting import handlers, store
from services.reporting.handlers.keeping import KeptFacts
from services.reporting.handlers.telling import tell_changes
from shared.consuming import Consumption
from shared.database import TRANSIENT, Connection, Pool, transaction
from shared.dead_letters import DeadLetters
from shared.event_log import LogUnchecked
from shared.kafka import Record
from shared.logs import log
from shared.ownership import day_in_ottawa
from shared.problems import Problem
from shared.service import to_the_end

# What another worker read is looked for as often as this; what this one read is judged at once.
_LOOK_SECONDS = 0.25
_GATHER_SECONDS = 0.05
_SUMMARIZE_SECONDS = 60
TOPICS = (
    "inventory.services.v1",
    "inventory.stewardship.v1",
    "feedback.cases.v1",
    "status.applications.v1",
    "status.notifications.v1",
)


def consumptions(app: FastAPI) -> Sequence[Consumption]:
    dead_letters = DeadLetters(app.state.seal)

    async def apply(connection: Connection, prepared: handlers.Prepared) -> handlers.Change:
        return await handlers.read_records(connection, prepared, dead_letters)

    async def again(connection: Connection, record: Record) -> handlers.Change | Problem:
        return await handlers.read_again(connection, record, dead_letters)

    async def committed(change: handlers.Change | None) -> None:
        if change is not None:
            app.state.stream.changed(change.services)
            if change.evidence:
                app.state.heard.set()

    return [
        Consumption(
            "reporting",
            apply,
            topics=TOPICS,
            committed=committed,
            expect=handlers.expect_partitions,
            again=again,
            prepare=handlers.prepare,
            batch=30_000,
            part=10_000,
            fetch_bytes=8 * 1024 * 1024,
        )
    ]


async def tell_verdicts(app: FastAPI) -> None:
    """Publish verdicts that changed, within a second of what changed them; a day that passes changes some without an event."""
    pool: Pool = app.state.pool
    kept = KeptFacts()
    while True:
        app.state.heard.clear()
        begun = time.monotonic()
        try:
            async with transaction(pool) as connection:
                changed = await tell_changes(connection, day_in_ottawa(datetime.now(UTC)), kept)
        except (*TRANSIENT, LogUnchecked) as error:
            log.warning("verdicts_retried", error=type(error).__name__)
        else:
            if changed:
                log.info("verdicts_changed", verdicts=changed)
                app.state.committed.set()
                app.state.stream.changed()
        # A fifth of the time at most: reading does not wait for judging.
        await asyncio.sleep(max(_GATHER_SECONDS, 4 * (time.monotonic() - begun)))
        with suppress(TimeoutError):
            await asyncio.wait_for(app.state.heard.wait(), _LOOK_SECONDS)


async def summarize_log(app: FastAPI) -> None:
    """Once a minute, where anything was read meanwhile: however quickly that was, its indexes then say where to look."""
    summarized = -1
    while True:
        with suppress(*TRANSIENT):
            if (position := await store.head(app.state.pool)) != summarized:
                await to_the_end(store.summarize_log(app.state.pool))
                summarized = position
        await asyncio.sleep(_SUMMARIZE_SECONDS)


def prepare(app: FastAPI) -> None:
    app.state.heard = asyncio.Event()
