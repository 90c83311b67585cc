"""What reporting adds to the trace of an event: read or not, where it stood in Kafka, and why it is in a figure or in none."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import FastAPI

from services.reporting import store
from services.reporting.api.performance import read_figures, today
from services.reporting.domain import reasons
from services.reporting.domain import tracing as domain
from services.reporting.domain.figures import Window, window
from services.reporting.domain.reasons import Reason
from services.reporting.domain.tracing import Known, Later
from services.reporting.store import Filters
from shared.database import Pool
from shared.dead_letters import Wanted, letters
from shared.tracing import Place


def prepare(app: FastAPI) -> None:
    app.state.further_trace = trace


async def trace(pool: Pool, event_id: str, source: str | None, places: Sequence[Place]) -> dict[str, Any]:
    """`{read_to, events}`: each record that the event led to, as far as it is known where to look."""
    read_to = await store.read_to(pool, ["inventory", "feedback", "status"])
    if places:
        events = [await _at_place(pool, place, read_to.get(place.service)) for place in places]
    else:
        events = [await read_record(pool, row) for row in await store.caused_by(pool, event_id, source)]
    return {"read_to": read_to, "events": events}


async def _at_place(pool: Pool, place: Place, read_to: int | None) -> dict[str, Any]:
    row = await store.at_place(pool, place.service, place.position)
    if row is not None:
        return await read_record(pool, row)
    wanted = Wanted(event_id=str(place.position), source=f"/services/{place.service}", state="waiting")
    aside = await letters(pool, wanted, 1)
    why = (
        reasons.set_aside(aside[0]["problem"].get("detail", {})) if aside else reasons.not_read(place.position, read_to)
    )
    unread = {
        "read": False,
        "dead_letter": aside[0]["id"] if aside else None,
        "figures": [],
        "reasons": [why.as_dict()],
    }
    return {"service": place.service, "position": place.position, **unread}


async def read_record(pool: Pool, row: dict[str, Any]) -> dict[str, Any]:
    envelope = orjson.loads(row["value"])
    figures, why = ([], [reasons.void()]) if row["void"] else await _why(pool, row, envelope)
    return {
        "service": row["service"],
        "position": row["service_position"],
        "read": True,
        "type": row["type"],
        "org_id": row["org_id"],
        "subject": envelope.get("subject"),
        "recorded_at": row["recorded_at"],
        "read_at": row["read_at"],
        "log_position": row["position"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["record_offset"],
        "figures": figures,
        "reasons": [each.as_dict() for each in why],
    }


async def _why(pool: Pool, row: dict[str, Any], envelope: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Reason]]:
    kind, data = row["type"], envelope["data"]
    if kind == "guichet.status.ApplicationStateChanged.v1":
        return await _application(pool, row, envelope["subject"], data)
    if kind == "guichet.inventory.ServiceStandardResultRecorded.v1":
        return await _result(pool, row, envelope["subject"], data)
    return [], [reasons.uncounted(kind)]


async def _application(
    pool: Pool, row: dict[str, Any], subject: str, own: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Reason]]:
    later = next((_later(each) for each in await store.later(pool, row, subject, 1)), None)
    known = await _known(pool, own["service_id"])
    why = list(domain.about_application(own, row["org_id"], later, known))
    if known.org_id != row["org_id"]:
        return [], why
    data, now = later.data if later else own, datetime.now(UTC)
    figures = []
    span, shown = await _shown(pool, known.service_id)
    for change in data["standards"]:
        if (clock := change["after"]) is None:
            continue
        as_, day = domain.standing(clock, now)
        why.append(domain.counted(change["standard_id"], clock["channel"], as_, day))
        if day is not None and not reasons.in_window(day, span):
            why.append(reasons.outside_window(day, span))
        hidden = shown.get((change["standard_id"], clock["channel"]), False)
        figures.append(_figure(known, change["standard_id"], clock["channel"], day, as_, span, hidden))
    return figures, _with_suppression(figures, why)


async def _result(
    pool: Pool, row: dict[str, Any], subject: str, own: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Reason]]:
    period = ("standard_id", "from_date", "to_date", "channel")
    candidates = [_later(each) for each in await store.later(pool, row, subject, 1000)]
    later = next((each for each in candidates if all(each.data[name] == own[name] for name in period)), None)
    known = await _known(pool, own["service_id"])
    why = list(domain.about_result(own, row["org_id"], later, known))
    data = later.data if later else own
    if known.org_id != row["org_id"] or data["after"] is None or data["after"]["total"] is None:
        return [], why
    span, shown = await _shown(pool, known.service_id)
    day = datetime.fromisoformat(data["to_date"]).date()
    why.append(domain.counted_result(data))
    if not reasons.in_window(day, span):
        why.append(reasons.outside_window(day, span))
    hidden = shown.get((data["standard_id"], data["channel"]), False)
    figures = [_figure(known, data["standard_id"], data["channel"], day, "result", span, hidden)]
    return figures, _with_suppression(figures, why)


def _later(row: Mapping[str, Any]) -> Later:
    envelope = orjson.loads(row["value"])
    return Later(
        row["service_position"], envelope.get("causedby", ""), envelope.get("causedbysource", ""), envelope["data"]
    )


async def _known(pool: Pool, service_id: str) -> Known:
    known = await store.service(pool, service_id, today())
    return Known(service_id, known["org_id"] if known else None, await store.known_standards(pool, service_id))


async def _shown(pool: Pool, service_id: str) -> tuple[Window, dict[tuple[str, str | None], bool]]:
    """The usual window, and whether each figure of a service is hidden from the public in it."""
    span = window("28d", today())
    figures = await read_figures(pool, span, Filters(service_ids=[service_id]), public=True)
    return span, {(item["standard_id"], item["channel"]): item["suppressed"] for item in figures["items"]}


def _figure(
    known: Known, standard_id: str, channel: str | None, day: Any, as_: str, span: Window, hidden: bool
) -> dict[str, Any]:
    return {
        "org_id": known.org_id,
        "service_id": known.service_id,
        "standard_id": standard_id,
        "channel": channel,
        "day": day,
        "as": as_,
        "in_default_window": reasons.in_window(day, span),
        "suppressed": hidden,
    }


def _with_suppression(figures: Sequence[Mapping[str, Any]], why: list[Reason]) -> list[Reason]:
    few = any(figure["suppressed"] and figure["in_default_window"] for figure in figures)
    return [*why, reasons.suppressed()] if few else why
