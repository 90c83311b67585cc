"""The Kafka door: `ingest.<service>.<org_id>` in, `rejected.<service>.<org_id>` back. The topic says who speaks."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, suppress

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, NodeNotReadyError, TopicAlreadyExistsError, for_code

from shared.binary_mode import attributes_of_kafka, is_binary, structured
from shared.consuming import Consumption
from shared.contracts.media_types import JSON, in_utf_8
from shared.database import Connection
from shared.decoding import Arrival
from shared.group_commit import count, record
from shared.intake import Intake, Receipt
from shared.kafka import Kafka, Record
from shared.logs import log
from shared.problems import Problem, problem

_STRUCTURED = "application/cloudevents+json"
# Far beyond what an event may have: it is refused, and no more of it is kept.
_READ_BYTES = 1024 * 1024
# Whoever comes while a batch is taken waits it out, as at the HTTP door.
MOST_AT_ONCE = 500
RETENTION = {"ingest": 7, "rejected": 30}  # days


def topic_settings(kind: str) -> dict[str, str]:
    """Of a department's topic. By Kafka's own clock: by the sender's, one that is an hour ahead could not send at all."""
    return {"retention.ms": str(RETENTION[kind] * 86_400_000), "message.timestamp.type": "LogAppendTime"}


_MOST_WAITING, _AT_ONCE, _SECONDS = 20_000, 500, 10.0

_Answered = list[tuple[Arrival, Receipt]]


def ingest(intake: Intake, kafka: Kafka, committed: asyncio.Event, stack: AsyncExitStack) -> Consumption:
    """The consumption of every department's topic for this service."""
    rejections = Rejections(intake.service, kafka)
    stack.push_async_callback(rejections.close)

    async def apply(connection: Connection, records: Sequence[Record]) -> _Answered:
        arrivals = [_arrival(each) for each in records]
        return list(zip(arrivals, await record(connection, intake, arrivals), strict=True))

    async def after(answered: _Answered | None) -> None:
        committed.set()
        count("kafka", [receipt for _, receipt in answered or ()])
        rejections.tell([pair for pair in answered or () if pair[1].outcome == "rejected"])

    return Consumption(
        f"{intake.service}.ingest",
        apply,
        pattern=rf"^ingest\.{intake.service}\.[^.]+$",
        committed=after,
        batch=MOST_AT_ONCE,
        fetch_bytes=256 * 1024,
    )


def _arrival(record: Record) -> Arrival:
    """The event of a record: in binary mode where its headers hold attributes, otherwise structured."""
    org_id, value = record.topic.rsplit(".", 1)[-1], (record.value or b"")[:_READ_BYTES]
    attributes = attributes_of_kafka(record.headers)
    kinds = [kind for name, kind in record.headers if name.lower() == "content-type"]
    kind = _media_type(kinds)
    if kind is not None and kind.startswith("application/cloudevents"):
        arrival = Arrival(value, org_id, problem=None if kind == _STRUCTURED else _unsupported())
    elif is_binary(attributes):
        arrival = structured(attributes, value, org_id, None if kind in {JSON, ""} else _unsupported())
    else:
        arrival = Arrival(value, org_id)
    arrival.topic, arrival.partition, arrival.offset = record.topic, record.partition, record.offset
    return arrival


def _media_type(kinds: Sequence[bytes | None]) -> str | None:
    """Empty where no header names one; None where it cannot be read, is given twice, or is not in UTF-8."""
    if len(kinds) > 1 or None in kinds:
        return None
    return in_utf_8(bytes(kinds[0] or b"").decode("latin-1")) if kinds else ""


def _unsupported() -> Problem:
    return problem(
        "unsupported_media_type",
        f"A record holds one event: {_STRUCTURED}, or in binary mode (ce_* headers) {JSON}, in UTF-8; one content-type.",
        f"Un enregistrement contient un événement : {_STRUCTURED}, ou en mode binaire (en-têtes ce_*) {JSON}, en UTF-8; un seul content-type.",
    )


class Rejections:
    """Tells departments what was refused, after the commit and as well as can be: the receipt is the record.

    In a task of its own, so that nobody's events wait until another's refusals are told.
    """

    def __init__(self, service: str, kafka: Kafka) -> None:
        self._service, self._kafka = service, kafka
        self._producer: AIOKafkaProducer | None = None
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._telling: asyncio.Task[None] | None = None

    def tell(self, rejected: _Answered) -> None:
        answers = [
            (f"rejected.{self._service}.{arrival.org_id}", _answer(arrival, receipt)) for arrival, receipt in rejected
        ]
        room = max(0, _MOST_WAITING - len(self._waiting))
        self._waiting.extend(answers[:room])
        if answers[room:]:
            log.warning("rejections_not_sent", error="TooMany", events=len(answers[room:]))
        if self._waiting and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                await asyncio.wait_for(self._send(some), _SECONDS)
            except (KafkaError, TimeoutError) as error:
                log.warning("rejections_not_sent", error=type(error).__name__, events=len(some))

    async def _send(self, answers: Sequence[tuple[str, bytes]]) -> None:
        if self._producer is None:
            producer = AIOKafkaProducer(**self._kafka.options(), acks="all", linger_ms=5, compression_type="zstd")
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        await asyncio.gather(*[await self._producer.send(topic, answer) for topic, answer in answers])

    async def close(self) -> None:
        """What waits is told first, within its time."""
        if self._telling is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._telling, _SECONDS)
        if self._producer is not None:
            with suppress(TimeoutError):  # cut off from Kafka, it would wait for ever
                await asyncio.wait_for(self._producer.stop(), _SECONDS)


def _answer(arrival: Arrival, receipt: Receipt) -> bytes:
    return orjson.dumps(
        {
            "id": receipt.id,
            "source": f"/organizations/{arrival.org_id}",
            "partition": arrival.partition,
            "offset": arrival.offset,
            "problem": receipt.problem and receipt.problem.as_dict(),
        }
    )


class Topics:
    """Makes departments' own topics for one service; what is asked at the same time is made by one request."""

    def __init__(self, service: str, kafka: Kafka) -> None:
        self._service, self._kafka = service, kafka
        self._asked: set[str] = set()
        self._turn = asyncio.Lock()

    async def make(self, org_id: str) -> None:
        """Those that are there stay as they are. Raises KafkaError when Kafka cannot make them."""
        self._asked.add(org_id)
        async with self._turn:
            if org_id in self._asked:
                org_ids, self._asked = self._asked, set()
                try:
                    await self._make(org_ids)
                except BaseException:
                    self._asked |= org_ids  # whoever waits tries for itself
                    raise

    async def _make(self, org_ids: Iterable[str]) -> None:
        topics = [
            NewTopic(f"{kind}.{self._service}.{org_id}", 1, 1, topic_configs=topic_settings(kind))
            for org_id in sorted(org_ids)
            for kind in RETENTION
        ]
        admin = AIOKafkaAdminClient(**self._kafka.options())
        try:
            await admin.start()
            answer = await admin.create_topics(topics)
        # What aiokafka raises where no broker is ready, and where none is the controller.
        except (TimeoutError, AttributeError) as error:
            raise NodeNotReadyError from error
        finally:
            await admin.close()
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(name)
