"""What an operator does about dead letters: list them, read one, replay it, drop it."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from shared.access import Operator
from shared.database import Connection, transaction
from shared.dead_letters import Wanted, drop, letter, letters, opened
from shared.described import refusals
from shared.logs import log
from shared.problems import Refused, problem
from shared.reading import After, Limit, Moment, after, answer, page
from shared.replaying import cannot_open, incomplete, place, replay, unknown

router = APIRouter(tags=["operation"])
_AT_ONCE = 500


@router.get("/v1/dead-letters", summary="What was refused or set aside, the newest first; never what it holds")
async def list_letters(
    request: Request,
    _: Operator,
    org: str | None = None,
    code: str | None = None,
    door: Literal["http", "kafka", "listening", "oversight"] | None = None,
    state: Literal["waiting", "accepted", "dropped", "all"] = "waiting",
    since: Moment | None = None,
    event: str | None = None,
    source: str | None = None,
    about: Annotated[str | None, Query(description="an application, case or service that the event speaks of")] = None,
    limit: Limit = 100,
    after_: After = None,
) -> Response:
    start = place(after(after_)[0])
    wanted = Wanted(org, code, door, None if state == "all" else state, since, event, source, start)
    rows = await _about(request.app.state, wanted, about, limit + 1)
    return answer(request, page([shown(row) for row in rows], limit, lambda item: [str(item["id"])]))


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
    row = await letter(request.app.state.pool, letter_id) if place(str(letter_id)) else None
    if row is None:
        raise Refused(unknown(letter_id))
    log.info("dead_letter_opened", dead_letter=letter_id, by=person.subject)
    raw = opened(request.app.state.seal, row["sealed"]) if row["sealed"] is not None else None
    content = None if raw is None else raw.decode("utf-8", "backslashreplace")
    return answer(request, {**shown(row), "content": content, "why_no_content": _why_no_content(row, raw)})


def _why_no_content(row: dict[str, Any], raw: bytes | None) -> dict[str, str] | None:
    """Also where the content is no more than its beginning."""
    if row["sealed"] is not None and raw is None:
        return cannot_open().detail.model_dump()
    if row["state"] == "dropped":
        return {"en": "It was dropped.", "fr": "Il a été retiré."}
    missing = incomplete(row, raw)
    return missing.detail.model_dump() if missing else None


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
    async with transaction(request.app.state.pool) as connection:
        done = await _drop(connection, letter_id)
    if done:
        log.info("dead_letter_dropped", dead_letter=letter_id, by=person.subject)
    return Response(status_code=204)


async def _drop(connection: Connection, letter_id: int) -> bool:
    """False where it was dropped before. Decided under the row's lock, so that a replay under way has ended first."""
    row = await letter(connection, letter_id, to_settle=True) if place(str(letter_id)) else None
    if row is None:
        raise Refused(unknown(letter_id))
    if row["state"] == "accepted":
        raise Refused(
            problem(
                "gone",
                f"Dead letter {letter_id} was accepted by a replay; there is nothing left to drop.",
                f"Le rebut {letter_id} a été accepté par une reprise; il n'y a plus rien à retirer.",
            )
        )
    return await drop(connection, letter_id)
