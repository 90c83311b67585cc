"""What reporting listens to: everything the other services record."""

from collections.abc import Sequence

from fastapi import FastAPI

from services.reporting import handlers
from shared.consuming import Consumption, Record
from shared.database import Connection
from shared.dead_letters import DeadLetters
from shared.problems import Problem

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
            app.state.stream.changed(change)

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
