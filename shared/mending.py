"""What an operator does about dead letters: list them, read one, replay it, drop it.

A replay goes the way the letter came: a door's through `receive` under its sender's organisation, a record of another
service through the handlers of the consumption that set it aside. It makes no dead letter, so it cannot go round in
circles.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from aiokafka import ConsumerRecord
from fastapi import APIRouter, Query, Request, Response

from shared import metrics
from shared.access import Operator
from shared.consuming import Consumption, Record
from shared.database import TRANSIENT, Connection, transaction
from shared.dead_letters import NotKept, Wanted, drop, each_on_its_own, letter, letters, opened, settle
from shared.decoding import Arrival
from shared.described import refusals
from shared.group_commit import record
from shared.intake import Receipt, unexpected
from shared.logs import log
from shared.problems import Problem, Refused, problem
from shared.reading import After, Limit, Moment, after, answer, page

router = APIRouter(tags=["operation"])
LetterId = Annotated[int, Query(ge=1, lt=2**63)]

_TRIES = 5
_AT_ONCE = 500
# What is left to do once a replay is committed.
_Then = Callable[[], Awaitable[None]]


@router.get("/v1/dead-letters", summary="What was refused or set aside, the newest first; never what it holds")
async def list_letters(
    request: Request,
    _: Operator,
    org: str | None = None,
    code: str | None = None,
    door: Literal["http", "kafka", "listening"] | None = None,
    state: Literal["waiting", "accepted", "dropped", "all"] = "waiting",
    since: Moment | None = None,
    event: str | None = None,
    source: str | None = None,
    about: Annotated[str | None, Query(description="an application, case or service that the event speaks of")] = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    start = _place(after(after_)[0])
    wanted = Wanted(org, code, door, None if state == "all" else state, since, event, source, start)
    rows = await _about(request.app.state, wanted, about, limit + 1)
    return answer(request, page([shown(row) for row in rows], limit, lambda item: [str(item["id"])]))


def _place(key: str) -> int | None:
    """A number as the database can hold it."""
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 20 else 0
    return number if 0 < number < 2**63 else None


async def _about(state: Any, wanted: Wanted, about: str | None, limit: int) -> list[dict[str, Any]]:
    """Letters whose event speaks of a thing; to know, they are opened here and closed again."""
    if about is None:
        return await letters(state.pool, wanted, limit)
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        rows = await letters(state.pool, wanted, _AT_ONCE)
        found += [row for row in rows if about in _things(opened(state.seal, row["sealed"] or b""))]
        if len(rows) < _AT_ONCE:
            break
        wanted = replace(wanted, before=rows[-1]["id"])
    return found[:limit]


def _things(raw: bytes | None) -> set[str]:
    """The ids of what an event speaks of, as far as it can be read."""
    try:
        data = orjson.loads(raw or b"")["data"]
        named = [data.get(name) for name in ("application_id", "feedback_id", "service_id")]
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
        return set()
    return {each for each in named if isinstance(each, str)}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A dead letter as it is listed: all about it but what it holds."""
    since = row["accepted_position"] and {"position": row["accepted_position"], "recorded_at": row["accepted_at"]}
    hidden = {"sealed", "receipt", "accepted_position", "accepted_at"}
    return {**{name: value for name, value in row.items() if name not in hidden}, "accepted_since": since}


@router.get("/v1/dead-letters/{letter_id}", summary="One dead letter, with what was sent")
async def read_letter(request: Request, letter_id: int, person: Operator) -> Response:
    row = await letter(request.app.state.pool, letter_id) if _place(str(letter_id)) else None
    if row is None:
        raise Refused(_unknown(letter_id))
    log.info("dead_letter_opened", dead_letter=letter_id, by=person.subject)
    raw = opened(request.app.state.seal, row["sealed"]) if row["sealed"] is not None else None
    content = None if raw is None else raw.decode("utf-8", "backslashreplace")
    return answer(request, {**shown(row), "content": content, "why_no_content": _why_no_content(row, raw)})


def _why_no_content(row: dict[str, Any], raw: bytes | None) -> dict[str, str] | None:
    """Also where the content is no more than its beginning."""
    if row["sealed"] is not None and raw is None:
        return _cannot_open().detail.model_dump()
    if row["state"] == "dropped":
        return {"en": "It was dropped.", "fr": "Il a été retiré."}
    incomplete = _incomplete(row, raw)
    return incomplete.detail.model_dump() if incomplete else None


def _incomplete(row: dict[str, Any], raw: bytes | None) -> Problem | None:
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


@router.post(
    "/v1/dead-letters/{letter_id}/replay",
    summary="Judge it again as it came; asked twice, it counts once",
    responses=refusals("gone"),
)
async def replay_letter(request: Request, letter_id: int, _: Operator) -> Response:
    receipt = await replay(request.app.state, letter_id)
    return Response(orjson.dumps(receipt), media_type="application/json")


@router.delete(
    "/v1/dead-letters/{letter_id}",
    summary="Erase what it holds; that it was there stays",
    status_code=204,
    responses=refusals("gone"),
)
async def drop_letter(request: Request, letter_id: int, person: Operator) -> Response:
    pool = request.app.state.pool
    known = await letter(pool, letter_id) if _place(str(letter_id)) else None
    if known is None:
        raise Refused(_unknown(letter_id))
    if await drop(pool, letter_id):
        log.info("dead_letter_dropped", dead_letter=letter_id, by=person.subject)
    elif known["state"] == "accepted":
        raise Refused(
            problem(
                "gone",
                f"Dead letter {letter_id} was accepted by a replay; there is nothing left to drop.",
                f"Le rebut {letter_id} a été accepté par une reprise; il n'y a plus rien à retirer.",
            )
        )
    return Response(status_code=204)


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
    row = await letter(connection, letter_id, to_settle=True) if _place(str(letter_id)) else None
    if row is None:
        raise Refused(_unknown(letter_id))
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
        raise Refused(_cannot_open())
    if refusal := _incomplete(row, raw):
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
    arrival = Arrival(raw, row["org_id"] or "", topic=row["topic"], partition=row["partition"], offset=row["offset"])
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

    position = int(row["event_id"]) if _place(row["event_id"] or "") else None
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


def _unknown(letter_id: int) -> Problem:
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


def _cannot_open() -> Problem:
    return problem(
        "gone",
        "It was sealed under another master key than this service has now, and cannot be opened.",
        "Il a été scellé sous une autre clé maîtresse que celle du service et ne peut être ouvert.",
    )
