"""Lineage down: from a verdict to the very events behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import orjson
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response

from services.reporting import store
from services.reporting.api.compliance.asking import Reader, organization_of
from services.reporting.api.compliance.showing import shown, units_shown
from services.reporting.domain.compliance import rule_of, rule_version
from services.reporting.domain.compliance.asking import Question, read_verdict_id
from services.reporting.domain.compliance.settings import REASONS, Settings
from services.reporting.handlers.judging import verdicts
from services.reporting.handlers.telling import TOPIC
from shared.identity import Person
from shared.kafka import Kafka
from shared.problems import Refused, problem
from shared.reading import answer
from shared.surveying import held, places

router = APIRouter(tags=["compliance"])


@router.get("/v1/verdicts/{verdict_id}/evidence", summary="What a verdict was made from, down to the events")
async def evidence(request: Request, reader: Reader, verdict_id: str) -> Response:
    return answer(request, await explain(request, reader, verdict_id))


async def explain(request: Request, reader: Person, verdict_id: str) -> dict[str, Any]:
    """A verdict with all that it was made from. Raises Refused."""
    asked, requirement = _question_of(verdict_id, reader)
    async with store.one_state(request.app.state.pool) as connection:
        found = next(each for each in await verdicts(connection, asked) if each.requirement == requirement)
        records = await store.records(connection, found.inputs)
        own = await store.own_records(connection, [place for service, place in found.inputs if service == "reporting"])
    kafka = request.app.state.settings.kafka
    records += await _with_places(kafka, own)
    kept = await _held(kafka, records)
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


async def _with_places(kafka: Kafka, own: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records of our own log with their places in Kafka, which are looked up there; null where it is away, or has them no more."""
    wanted = {record["service_position"]: record["recorded_at"] for record in own}
    try:
        found = await places(kafka, TOPIC, wanted) if wanted else {}
    except (KafkaError, TimeoutError):
        return [dict(record) for record in own]
    return [
        {**record, "partition": place[0], "record_offset": place[1], "gone": place == (None, None)}
        for record in own
        for place in [found.get(record["service_position"], (None, None))]
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
    unknown = record["partition"] is None
    there = False if record.get("gone") else None
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
        "in_kafka": there if span is None else span[0] <= record["record_offset"] < span[1],
    }
