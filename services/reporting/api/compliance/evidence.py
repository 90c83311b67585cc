"""Lineage both ways: from a verdict down to the very events behind it, and from an event up to what it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import orjson
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response

from services.reporting import store
from services.reporting.api.compliance.asking import (
    AsIf,
    AsOf,
    Reader,
    RuleSet,
    organization_of,
    question,
)
from services.reporting.api.compliance.showing import one_state, shown, units_shown
from services.reporting.api.performance import today
from services.reporting.api.tracing import read_record
from services.reporting.domain.compliance import rule_of, rule_version
from services.reporting.domain.compliance.asking import Cut, Question, read_verdict_id
from services.reporting.domain.compliance.changing import differ
from services.reporting.domain.compliance.settings import REASONS, Settings
from services.reporting.domain.compliance.verdict import Verdict
from services.reporting.handlers.judging import verdicts
from services.reporting.handlers.knowing import Knowledge, knowledge
from shared.database import Connection
from shared.identity import Person
from shared.kafka import Kafka
from shared.problems import Refused, problem
from shared.reading import answer
from shared.surveying import held

router = APIRouter(tags=["compliance"])


@router.get("/v1/verdicts/{verdict_id}/evidence", summary="What a verdict was made from, down to the events")
async def evidence(request: Request, reader: Reader, verdict_id: str) -> Response:
    return answer(request, await explain(request, reader, verdict_id))


async def explain(request: Request, reader: Person, verdict_id: str) -> dict[str, Any]:
    """A verdict with all that it was made from. Raises Refused."""
    asked, requirement = _question_of(verdict_id, reader)
    async with one_state(request.app.state.pool) as connection:
        found = next(each for each in await verdicts(connection, asked) if each.requirement == requirement)
        records = await store.records(connection, found.inputs)
        records += await store.own_records(
            connection, [place for service, place in found.inputs if service == "reporting"]
        )
    kept = await _held(request.app.state.settings.kafka, records)
    return {
        **shown(asked, found),
        "org_id": asked.org_id,
        "as_of": asked.as_of,
        "known_to": asked.cut.known_to,
        "position": asked.cut.position,
        "as_if_in_force": asked.as_if_in_force,
        "rule": {"rules": asked.rules, "version": rule_version(asked.rules), "text": rule_of(asked.rules, requirement)},
        "settings": settings_shown(asked.settings),
        "inputs": units_shown(found),
        "events": [record_shown(record, kept) for record in records],
    }


def _question_of(verdict_id: str, reader: Person) -> tuple[Question, str]:
    """The question and the requirement of a verdict's id. Raises Refused."""
    try:
        asked, requirement, version = read_verdict_id(verdict_id)
    except ValueError:
        raise Refused(
            problem("not_found", "There is no verdict of this id.", "Aucun verdict ne porte cet identifiant.")
        ) from None
    organization_of(asked.org_id, reader)
    if version != rule_version(asked.rules):
        raise Refused(
            problem(
                "gone",
                f"This verdict was given by rule version {version}; the rules have been mended since, and give another id.",
                f"Ce verdict a été rendu selon la version {version} des règles; elles ont été corrigées depuis et donnent un autre identifiant.",
            )
        )
    return asked, requirement


def settings_shown(settings: Settings) -> list[dict[str, Any]]:
    return [
        {"name": name, "value": value, "default": getattr(Settings(), name), "reason": REASONS[name].model_dump()}
        for name, value in asdict(settings).items()
    ]


Held = Mapping[TopicPartition, tuple[int, int]]


async def _held(kafka: Kafka, records: Sequence[Mapping[str, Any]]) -> Held | None:
    """What Kafka still has of the records' topics; None while it is away."""
    topics = sorted({record["topic"] for record in records if record["partition"] is not None})
    if not topics:
        return {}
    try:
        return await held(kafka, topics)
    except (KafkaError, TimeoutError):
        return None


def record_shown(record: Mapping[str, Any], kept: Held | None = None) -> dict[str, Any]:
    """A record of the log: the reported event, where it was recorded, and where it stood in Kafka."""
    envelope = orjson.loads(record["value"])
    unknown = record["partition"] is None  # our own log, which we do not read in Kafka
    span = None if kept is None or unknown else kept.get(TopicPartition(record["topic"], record["partition"]), (0, 0))
    return {
        "event_id": envelope.get("causedby"),
        "source": envelope.get("causedbysource"),
        "service": record["service"],
        "position": record["service_position"],
        "type": record["type"],
        "time": envelope.get("time"),
        "recorded_at": record["recorded_at"],
        "topic": record["topic"],
        "partition": record["partition"],
        "offset": record["record_offset"],
        "sha256": sha256(record["value"].encode()).hexdigest(),
        "in_kafka": None if span is None else span[0] <= record["record_offset"] < span[1],
    }


@router.get("/v1/events/{event_id:path}", summary="What a reported event changed: rows, figures, verdicts")
async def event(
    request: Request,
    reader: Reader,
    event_id: str,
    source: str | None = None,
    as_of: AsOf = None,
    rules: RuleSet = None,
    as_if_in_force: AsIf = False,
) -> Response:
    pool = request.app.state.pool
    rows = [row for row in await store.caused_by(pool, event_id, source) if reader.may_read(row["org_id"])]
    if not rows:
        raise Refused(
            problem(
                "not_found",
                f"No event {event_id} was recorded that you may read; it may still be on its way.",
                f"Aucun événement {event_id} que vous pouvez lire n'a été consigné; il est peut-être encore en chemin.",
            )
        )
    async with one_state(pool) as connection:
        known = await knowledge(connection, None)
        changed = [
            each
            for org_id in sorted({row["org_id"] for row in rows})
            for each in await _changed(connection, org_id, rows, known, (as_of or today(), rules, as_if_in_force))
        ]
    records = [{**await read_record(pool, row), "sha256": sha256(row["value"].encode()).hexdigest()} for row in rows]
    body = {"event_id": event_id, "source": source, "records": records, "verdicts": changed}
    return answer(request, {**body, "as_of": as_of or today()})


async def _changed(
    connection: Connection,
    org_id: str,
    rows: Sequence[Mapping[str, Any]],
    known: Knowledge,
    asked: tuple[Any, Any, bool],
) -> list[dict[str, Any]]:
    """The requirements of an organisation that an event changed when it was read, and those that rest on it now."""
    day, rules, as_if = asked
    positions = [row["position"] for row in rows if row["org_id"] == org_id]
    refs = {(row["service"], row["service_position"]) for row in rows}
    moment = known.cut.known_to
    cuts = (Cut(moment, min(positions) - 1), Cut(moment, max(positions)), known.cut)
    before, after, now = [
        await verdicts(connection, question(org_id, day, cut, rules, as_if_in_force=as_if)) for cut in cuts
    ]
    current = question(org_id, day, known.cut, rules, as_if_in_force=as_if)
    return [
        {
            "org_id": org_id,
            "requirement": last.requirement,
            "from": _numbers(one),
            "to": _numbers(other),
            "changed": differ(one, other),
            "now": shown(current, last),
            "rests_on_it": bool(refs & set(last.inputs)),
        }
        for one, other, last in zip(before, after, now, strict=True)
        if differ(one, other) or refs & set(last.inputs)
    ]


def _numbers(found: Verdict) -> dict[str, Any]:
    return {"state": found.state, "numerator": found.numerator, "denominator": found.denominator}
