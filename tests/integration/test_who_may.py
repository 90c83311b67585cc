"""Who may do what in Kafka and in PostgreSQL: the whole matrix, asked of the real ones with each one's own login."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from guichet import keys, revoking
from guichet.client import Services
from guichet.errors import WrongUse
from guichet.home import SERVICES
from guichet.principals import declared, librdkafka
from guichet.topics import declared as topics
from guichet.topics import declared_of_departments, provision
from shared.ingest import RETENTION, Topics, topic_settings
from shared.kafka import Kafka
from tests.conftest import LocalSystem

OWN, OTHER = "9001", "9002"
DEPARTMENT = f"department {OWN}"
DEPARTMENT_TOPICS = [
    f"{kind}.{service}.{org}"
    for kind, service, org in product(("ingest", "rejected"), ("inventory", "feedback", "status"), (OWN, OTHER))
]
TOPICS = [*topics(), *DEPARTMENT_TOPICS]
GROUPS = [
    "inventory.ingest",
    "feedback.ingest",
    "status.ingest",
    "status.inventory",
    "reporting",
    f"{OWN}.billing",
    f"{OTHER}.billing",
]
PRINCIPALS = [*SERVICES, "operator", DEPARTMENT]


def may(principal: str, what: str, name: str) -> bool:
    """Whether acls.toml lets a principal do something."""
    said = declared()["department" if principal == DEPARTMENT else principal].get(what, [])
    names = [each.format(org_id=OWN, service=door) for each in said for door in keys.DOORS]
    return any(name.startswith(each[:-1]) if each.endswith("*") else name == each for each in names)


@pytest.fixture(scope="module")
async def logins(services: Services, system: LocalSystem) -> dict[str, Kafka]:
    """Kafka as each principal; the department's by a key of its own."""
    await keys.create(services, OTHER)
    found = (await keys.create(services, OWN))["kafka"]
    own = {name: (system.home / "keys" / f"kafka-{name}").read_text() for name in (*SERVICES, "operator")}
    return {
        **{name: replace(services.kafka, username=name, password=password) for name, password in own.items()},
        DEPARTMENT: replace(services.kafka, username=found["username"], password=found["password"]),
    }


TopicRights, GroupRights = dict[str, set[AclOperation]], dict[str, set[AclOperation]]


def rights(kafka: Kafka) -> tuple[TopicRights, GroupRights]:
    """What Kafka itself says a login may do with every topic and group; without an entry: not even know of it."""
    admin = AdminClient(librdkafka(kafka))
    described = admin.describe_topics(TopicCollection(TOPICS), include_authorized_operations=True, request_timeout=20)
    topics_, groups = TopicRights(), GroupRights()
    for name, future in described.items():
        with suppress_refusal():
            topics_[name] = set(future.result().authorized_operations)
    for name, future in admin.describe_consumer_groups(
        GROUPS, include_authorized_operations=True, request_timeout=20
    ).items():
        with suppress_refusal():
            groups[name] = set(future.result().authorized_operations or ())
    return topics_, groups


@contextmanager
def suppress_refusal() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        if error.args[0].code() not in _REFUSALS:
            raise


_REFUSALS = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_each_principal_may_do_with_each_topic_what_is_declared_and_nothing_else(
    principal: str, logins: dict[str, Kafka]
) -> None:
    found, _ = await asyncio.to_thread(rights, logins[principal])
    for topic in TOPICS:
        wanted = {operation for what, operation in _OPERATIONS.items() if may(principal, what, topic)}
        implied = {AclOperation.DESCRIBE} if wanted & {AclOperation.READ, AclOperation.WRITE} else set()
        assert found.get(topic, set()) == wanted | implied, topic


_OPERATIONS = {"read": AclOperation.READ, "write": AclOperation.WRITE, "create": AclOperation.CREATE}


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_each_principal_may_use_the_consumer_groups_that_are_its_own(
    principal: str, logins: dict[str, Kafka]
) -> None:
    _, found = await asyncio.to_thread(rights, logins[principal])
    for group in GROUPS:
        allowed = {AclOperation.READ, AclOperation.DESCRIBE} if may(principal, "groups", group) else set()
        assert found.get(group, set()) == allowed, group


@pytest.mark.parametrize("topic", [f"ingest.status.{OTHER}", f"rejected.status.{OWN}", "status.applications.v1"])
async def test_a_department_s_record_on_a_topic_that_is_not_its_own_is_refused(
    topic: str, logins: dict[str, Kafka]
) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await write(logins[DEPARTMENT], topic)


async def write(kafka: Kafka, topic: str) -> None:
    """A record that every reader of the topic passes over."""
    producer = AIOKafkaProducer(**kafka.options())
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"{}", headers=[("ce_type", b"test")])
    finally:
        await producer.stop()


@pytest.mark.parametrize("login", [(None, None), ("operator", "wrong"), ("nobody", "nothing")])
async def test_nobody_comes_in_without_a_login_of_their_own(
    services: Services, login: tuple[str | None, str | None]
) -> None:
    admin = AIOKafkaAdminClient(**replace(services.kafka, username=login[0], password=login[1]).options())
    try:
        with pytest.raises(KafkaConnectionError):
            await admin.start()
    finally:
        await admin.close()


async def test_a_revoked_key_writes_nothing_more_to_kafka(services: Services, unique: str) -> None:
    made = await keys.create(services, OWN)
    login = replace(services.kafka, username=made["kafka"]["username"], password=made["kafka"]["password"])
    producer = AIOKafkaProducer(**login.options())
    await producer.start()
    try:
        await producer.send_and_wait(f"ingest.status.{OWN}", b"{}")
        await revoking.revoke(services, made["id"])
        with pytest.raises(TopicAuthorizationFailedError):  # over the connection that is open, too
            await producer.send_and_wait(f"ingest.status.{OWN}", b"{}")
    finally:
        await producer.stop()
    with pytest.raises(KafkaConnectionError):
        await write(login, f"ingest.status.{OWN}")


# Topics


async def test_topics_that_are_not_as_the_file_says_are_refused_and_named(kafka: Kafka, unique: str) -> None:
    name = f"test.{unique}"
    said = {"partitions": 2, "replication_factor": 1, "config": {"retention.ms": "60000"}}
    await provision(kafka, {name: said})
    await provision(kafka, {name: said})
    with pytest.raises(WrongUse, match=rf"{name} has 2 partitions, topics.toml says 3"):
        await provision(kafka, {name: {**said, "partitions": 3}})
    with pytest.raises(WrongUse, match=rf"{name} has retention.ms=60000, topics.toml says 70000"):
        await provision(kafka, {name: {**said, "config": {"retention.ms": "70000"}}})


async def test_a_topic_that_brokers_do_not_know_yet_is_waited_for_and_never_called_drift(
    kafka: Kafka, unique: str
) -> None:
    said = {"partitions": 2, "replication_factor": 1, "config": {"retention.ms": "60000"}}
    for turn in range(10):
        await provision(kafka, {f"test.{unique}.{turn}.{number}": said for number in range(4)})


def test_the_services_make_a_department_s_topics_as_the_file_says() -> None:
    said = {kind: topic["config"] for kind, topic in declared_of_departments().items()}
    assert said == {kind: topic_settings(kind) for kind in RETENTION}


@pytest.mark.parametrize("found", [None, TimeoutError()], ids=["no broker is the controller", "no broker is ready"])
async def test_a_kafka_that_cannot_make_topics_just_now_is_no_fault_of_ours(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, found: TimeoutError | None
) -> None:
    """As one that stood still, which does not know for a while who leads it."""

    def controller(_: ClusterMetadata) -> None:
        if found is not None:
            raise found

    monkeypatch.setattr(
        ClusterMetadata, "controller", property(controller, lambda _cluster, _broker: None), raising=False
    )
    with pytest.raises(NodeNotReadyError):
        await Topics("status", kafka).make(OWN)


# PostgreSQL


ROLES = [f"{service}{purpose}" for service in SERVICES for purpose in ("_owner", "", "_reader")]
STATEMENTS = {
    "read": "select count(*) from received_event",
    "write": "delete from received_event where false",
    "append": "insert into recorded_event select * from recorded_event where false",
    "rewrite the log": "update recorded_event set value = value where false",
    "unwrite the log": "delete from recorded_event where false",
    "change tables": "alter table received_event alter column org_id set statistics 100",
    "make tables": "create table made (n int)",
    "make partitions": "select make_partitions()",
    "forge migrations": "insert into migration (name, sha256) select name, sha256 from migration where false",
}
ALLOWED = {
    "_owner": set(STATEMENTS),
    "": {"read", "write", "append", "make partitions"},
    "_reader": {"read"},
}


@pytest.mark.parametrize(("role", "what"), list(product(ROLES, STATEMENTS)))
async def test_each_role_may_do_in_its_own_database_what_it_is_for(system: LocalSystem, role: str, what: str) -> None:
    service, _, purpose = role.partition("_")
    connection = await asyncpg.connect(system.dsn(role, service))
    trial = connection.transaction()
    await trial.start()
    try:
        await connection.execute(STATEMENTS[what])
        done = True
    except asyncpg.InsufficientPrivilegeError:
        done = False
    finally:
        await trial.rollback()
        await connection.close()
    assert done is (what in ALLOWED[purpose and f"_{purpose}"])


@pytest.mark.parametrize(
    ("role", "database"), [(r, d) for r, d in product(ROLES, SERVICES) if r.partition("_")[0] != d]
)
async def test_no_role_may_enter_another_service_s_database(system: LocalSystem, role: str, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(system.dsn(role, database))


@pytest.mark.parametrize(("role", "database"), list(product(ROLES, ("postgres", "template1"))))
async def test_the_databases_a_server_comes_with_are_its_administrator_s(
    system: LocalSystem, role: str, database: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(system.dsn(role, database))


@pytest.mark.parametrize("months", ["0", "25", "-1", "2147483647", "null"])
@pytest.mark.parametrize("role", ["status", "status_owner", "postgres"])
async def test_nobody_makes_partitions_without_end(system: LocalSystem, role: str, months: str) -> None:
    connection = await asyncpg.connect(system.dsn(role, "status"))
    try:
        with pytest.raises(asyncpg.InvalidParameterValueError, match="1 to 24"):
            await connection.execute(f"select make_partitions({months})")
    finally:
        await connection.close()


async def test_a_service_s_database_login_is_its_own_not_its_owner_s(system: LocalSystem) -> None:
    for service in SERVICES:
        connection = await asyncpg.connect(system.addresses["postgres"][service])
        assert await connection.fetchval("select current_user") == service
        await connection.close()


def test_every_principal_and_role_is_in_the_matrix(system: LocalSystem) -> None:
    assert set(declared()) == {*SERVICES, "operator", "department"}
    kept = {file.name.removeprefix("postgres-") for file in (system.home / "keys").glob("postgres-*")}
    assert kept == {*ROLES, "postgres"}
