"""Topics from one declarative file: create what is missing, refuse drift, never shrink."""

import asyncio
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from guichet.errors import WrongUse
from shared.kafka import Kafka

KNOWN_WITHIN_SECONDS = 30

FILE = Path(__file__).parent.parent / "deploy" / "kafka" / "topics.toml"

Topics = Mapping[str, Mapping[str, Any]]


def declared() -> dict[str, dict[str, Any]]:
    """Topics by name: {partitions, replication_factor, config}"""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: {**document["defaults"], **topic} for name, topic in document["topics"].items()}


def declared_of_departments() -> dict[str, dict[str, Any]]:
    """The same for the topics that every department has at every door, by what their names begin with."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: {**document["defaults"], **topic} for name, topic in document["departments"].items()}


async def provision(kafka: Kafka, topics: Topics | None = None) -> None:
    """Raises WrongUse, naming each difference, where a topic is there and not as the file says."""
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        await admin.start()
        wanted = declared() if topics is None else topics
        await _create(admin, wanted)
        found = [*await _drift(admin, {**wanted, **(await _of_departments(admin) if topics is None else {})})]
    finally:
        await admin.close()
    if found:
        raise WrongUse("\n".join(found))


async def _create(admin: AIOKafkaAdminClient, wanted: Topics) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(name, topic["partitions"], topic["replication_factor"], topic_configs=topic["config"])
            for name, topic in wanted.items()
        ]
    )
    for name, code, *_ in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(name)


async def _of_departments(admin: AIOKafkaAdminClient) -> dict[str, Mapping[str, Any]]:
    """The departments' topics that are there, each with what the file says of its kind."""
    kinds = declared_of_departments()
    return {
        name: kinds[name.partition(".")[0]] for name in await admin.list_topics() if name.partition(".")[0] in kinds
    }


async def _drift(admin: AIOKafkaAdminClient, wanted: Topics) -> Iterator[str]:
    partitions = await _partitions(admin, list(wanted))
    settings = await _settings(admin, list(wanted))
    return _differences(wanted, partitions, settings)


async def _partitions(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """Of each topic, how many: a broker learns of a topic just made a moment after the controller has made it."""
    until = monotonic() + KNOWN_WITHIN_SECONDS
    while True:
        topics = await admin.describe_topics(names)
        unknown = {topic["topic"]: for_code(topic["error_code"]) for topic in topics if topic["error_code"]}
        if not unknown:
            return {topic["topic"]: len(topic["partitions"]) for topic in topics}
        for name, error in unknown.items():
            if not error.retriable or monotonic() > until:
                raise error(name)
        await asyncio.sleep(0.1)


async def _settings(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        name: {setting: value for setting, value, *_ in settings}
        for answer in answers
        for _code, _message, _kind, name, settings in answer.resources
    }


def _differences(
    wanted: Topics, partitions: Mapping[str, int], settings: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for name, topic in wanted.items():
        if partitions[name] != topic["partitions"]:
            yield (
                f"topic {name} has {partitions[name]} partitions, {FILE.name} says {topic['partitions']}; "
                "partitions of a keyed topic never change: make a topic of a new version instead"
            )
        for setting, value in topic["config"].items():
            if settings[name].get(setting) != value:
                yield (
                    f"topic {name} has {setting}={settings[name].get(setting)}, {FILE.name} says {value}: "
                    f"change one of them (kafka-configs.sh --alter --entity-type topics --entity-name {name})"
                )
