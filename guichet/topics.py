"""Topics from one declarative file: create what is missing, refuse drift, never shrink."""

import tomllib
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from guichet.errors import WrongUse
from shared.kafka import Kafka

FILE = Path(__file__).parent.parent / "deploy" / "kafka" / "topics.toml"


def declared() -> dict[str, dict[str, Any]]:
    """Topics by name: {partitions, replication_factor, config}"""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: {**document["defaults"], **topic} for name, topic in document["topics"].items()}


async def provision(kafka: Kafka) -> None:
    admin = AIOKafkaAdminClient(**kafka.options())
    await admin.start()
    try:
        await _create(admin)
        await _refuse_drift(admin)
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(name, topic["partitions"], topic["replication_factor"], topic_configs=topic["config"])
            for name, topic in declared().items()
        ]
    )
    for name, code, *_ in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(name)


async def _refuse_drift(admin: AIOKafkaAdminClient) -> None:
    for topic in await admin.describe_topics(list(declared())):
        wanted, found = declared()[topic["topic"]]["partitions"], len(topic["partitions"])
        if found and found != wanted:
            raise WrongUse(
                f"topic {topic['topic']} has {found} partitions, {FILE.name} says {wanted}; "
                "partitions of a keyed topic never change: make a topic of a new version instead"
            )
