"""A dead letter judged again goes the way it came: a door's through `receive` under its sender's organisation, a record of
another service through the handlers of the consumption that set it aside. It makes no dead letter, so it cannot go round
in circles.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import ConsumerRecord

from shared import metrics
from shared.consuming import Consumption
from shared.database import TRANSIENT, Connection, transaction
from shared.dead_letters import NotKept, letter, opened, settle
from shared.decoding import Arrival
from shared.group_commit import record
from shared.intake import Receipt, unexpected
from shared.kafka import Record
from shared.logs import log
from shared.problems import Problem, Refused, problem
from shared.setting_aside import each_on_its_own

_TRIES = 5
# What is left to do once a replay is committed.
_Then = Callable[[], Awaitable[None]]


async def replay(state: Any, letter_id: int) -> dict[str, Any]:
    """The receipt of a dead letter judged again: `{id, event_id, outcome, position, recorded_at, replays, …}`.

    One that was accepted has the same receipt for ever. Raises Refused where it is unknown, dropped, or cannot be opened.
    """
    for tries in range(1, _TRIES + 1):
        try:
            async with transaction(state.pool) as connection:
                receipt, then = await _judge_again(state, connection, letter_id)
        except TRANSIENT:
            if tries == _TRIES:
                raise
            await asyncio.sleep(0.02 * 2**tries)
        else:
            await then()
            return receipt
    raise AssertionError("unreachable")


async def _judge_again(state: Any, connection: Connection, letter_id: int) -> tuple[dict[str, Any], _Then]:
    row = await letter(connection, letter_id, to_settle=True) if place(str(letter_id)) else None
    if row is None:
        raise Refused(unknown(letter_id))
    if row["state"] == "accepted":
        return row["receipt"], _nothing
    raw = _whole(state, row)
    by_door = row["door"] != "listening"
    judged, then = await (_through_door if by_door else _through_handlers)(state, connection, row, raw)
    receipt = {**judged, "id": letter_id, "event_id": row["event_id"], "replays": row["replays"] + 1}
    # The log's lock is held here; nothing but this one row may come between it and the commit.
    await settle(connection, letter_id, receipt)
    return receipt, _tell(then, receipt)


def _whole(state: Any, row: dict[str, Any]) -> bytes:
    """All that was sent. Raises Refused where it is not there to be judged again."""
    if row["state"] == "dropped":
        raise Refused(_dropped(row["id"]))
    raw = None if row["sealed"] is None else opened(state.seal, row["sealed"])
    if row["sealed"] is not None and raw is None:
        raise Refused(cannot_open())
    if refusal := incomplete(row, raw):
        raise Refused(refusal)
    return raw or b""


def _tell(then: _Then, receipt: dict[str, Any]) -> _Then:
    """Tell whoever waits for a commit, and the log."""

    async def tell() -> None:
        code = receipt["problem"]["code"] if receipt["outcome"] == "rejected" else None
        metrics.dead_letters_replayed.labels(receipt["outcome"]).inc()
        log.info("dead_letter_replayed", dead_letter=receipt["id"], outcome=receipt["outcome"], code=code)
        await then()

    return tell


async def _nothing() -> None:
    pass


async def _through_door(
    state: Any, connection: Connection, row: dict[str, Any], raw: bytes
) -> tuple[dict[str, Any], _Then]:
    place_ = {"topic": row["topic"], "partition": row["partition"], "offset": row["offset"]}
    arrival = Arrival(raw, row["org_id"] or "", **place_, by_oversight=row["door"] == "oversight")
    intake = replace(state.intake, dead_letters=NotKept(state.seal))
    (receipt,) = await record(connection, intake, [arrival])

    async def then() -> None:
        if receipt.outcome == "accepted":
            state.committed.set()

    return _told(receipt), then


def _told(receipt: Receipt) -> dict[str, Any]:
    """A receipt without what is the department's alone (a tracking code)."""
    whole = receipt.as_dict(0)
    return {
        name: whole[name] for name in ("outcome", "position", "recorded_at", "warnings", "problem") if name in whole
    }


async def _through_handlers(
    state: Any, connection: Connection, row: dict[str, Any], raw: bytes
) -> tuple[dict[str, Any], _Then]:
    listening = _listening_to(state.consumptions, row["topic"])
    once = ConsumerRecord(row["topic"], row["partition"], row["offset"], 0, 0, None, raw, None, -1, -1, ())

    async def apply(records: Sequence[Record]) -> list[Any]:
        return [await listening.again(connection, each) for each in records]

    async def set_aside(_: Record, error: Exception) -> Any:
        return unexpected(error)

    (outcome,) = await each_on_its_own(connection, [once], apply, set_aside)
    refused = isinstance(outcome, Problem)

    async def then() -> None:
        if not refused:
            await listening.told(outcome)

    position = int(row["event_id"]) if place(row["event_id"] or "") else None
    judged = {"outcome": "rejected" if refused else "accepted", "position": position, "recorded_at": None}
    return {**judged, "problem": outcome.as_dict()} if isinstance(outcome, Problem) else judged, then


def _listening_to(consumptions: Sequence[Consumption], topic: str) -> Consumption:
    for each in consumptions:
        if topic in each.topics:
            return each
    raise Refused(
        problem(
            "not_found",
            f"Nothing here listens to {topic} any more; the dead letter can only be dropped.",
            f"Plus rien ici n'écoute {topic}; le rebut ne peut qu'être retiré.",
        )
    )


def place(key: str) -> int | None:
    """A number as the database can hold it."""
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 20 else 0
    return number if 0 < number < 2**63 else None


def incomplete(row: dict[str, Any], raw: bytes | None) -> Problem | None:
    """Why a letter does not hold all that was sent."""
    if raw is None:
        return problem(
            "gone",
            "What it held was not kept: too many letters of this organisation were waiting.",
            "Son contenu n'a pas été conservé : trop de rebuts de cette organisation étaient en attente.",
        )
    if row["size"] is None or len(raw) >= row["size"]:
        return None
    return problem(
        "gone",
        f"It had {row['size']} bytes; only the first {len(raw)} were kept.",
        f"Il comptait {row['size']} octets; seuls les {len(raw)} premiers ont été conservés.",
    )


def unknown(letter_id: int) -> Problem:
    return problem(
        "not_found",
        f"There is no dead letter {letter_id} here; they are kept for 30 days.",
        f"Il n'y a pas de rebut {letter_id} ici; ils sont conservés 30 jours.",
    )


def _dropped(letter_id: int) -> Problem:
    return problem(
        "gone",
        f"Dead letter {letter_id} was dropped; what it held is erased.",
        f"Le rebut {letter_id} a été retiré; son contenu est effacé.",
    )


def cannot_open() -> Problem:
    return problem(
        "gone",
        "It was sealed under another master key than this service has now, and cannot be opened.",
        "Il a été scellé sous une autre clé maîtresse que celle du service et ne peut être ouvert.",
    )
