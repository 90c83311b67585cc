"""Who may do what in Kafka: SCRAM credentials and ACLs, from one declarative file (deploy/kafka/acls.toml)."""

import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from guichet.errors import NotReachable
from shared.kafka import Kafka

PRINCIPALS = ("inventory", "feedback", "status", "reporting", "operator")
FILE = Path(__file__).parent.parent / "deploy" / "kafka" / "acls.toml"
_ITERATIONS = 4096
_LOOK_SECONDS = 0.05
_OPERATIONS = {
    "write": (ResourceType.TOPIC, AclOperation.WRITE),
    "read": (ResourceType.TOPIC, AclOperation.READ),
    "create": (ResourceType.TOPIC, AclOperation.CREATE),
    "groups": (ResourceType.GROUP, AclOperation.READ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone with a login; `may` is what acls.toml says: names under `write`, `read`, `create` and `groups`."""

    name: str
    password: str = field(repr=False)
    may: Mapping[str, Sequence[str]]


def declared() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def own(passwords: Mapping[str, str]) -> list[Principal]:
    """The services' and the operator's principals, by their passwords."""
    return [Principal(name, password, declared()[name]) for name, password in passwords.items()]


def department(key_id: str, password: str, org_id: str, doors: Iterable[str]) -> Principal:
    """The principal of a department's key."""
    may = {
        what: sorted({name.format(org_id=org_id, service=door) for name in names for door in doors})
        for what, names in declared()["department"].items()
    }
    return Principal(key_id, password, may)


class Principals:
    """Makes and ends principals, as Kafka's administrator. Raises NotReachable when Kafka does not do it in time."""

    def __init__(self, kafka: Kafka, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._admin = AdminClient({**librdkafka(kafka), "log_level": 0})

    def admit(self, principals: Sequence[Principal]) -> None:
        """Those that are there get the password given; what they may do is added to. Done when a broker knows them."""
        credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        self._settle(
            self._admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(each.name, credentials, each.password.encode()) for each in principals]
            )
        )
        self._settle(self._admin.create_acls([acl for each in principals for acl in acls(each)]))
        names = {each.name for each in principals}
        self._await(lambda: names - self._known(names), "Kafka does not let {} in yet; ask again in a moment")

    def expel(self, names: Sequence[str]) -> list[str]:
        """They may do nothing any more, at once, also over connections that are open. Returns those who had a login.

        Each login is ended without asking first whether it is there, and done when a broker does not know it any more.
        """
        self._settle(self._admin.delete_acls([_all_acls(name) for name in names], request_timeout=self._seconds))
        ended = [UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512) for name in names]
        futures = self._admin.alter_user_scram_credentials(ended, request_timeout=self._seconds)
        unknown = {name for name, future in futures.items() if _is_of_nobody(future, self._seconds)}
        self._settle({name: future for name, future in futures.items() if name not in unknown})
        self._await(lambda: self._known(names), "Kafka still lets {} in; end the login again in a moment")
        return [name for name in names if name not in unknown]

    def _await(self, left: Callable[[], set[str]], words: str) -> None:
        """Until nobody is left. What a broker says, and whom it lets in, lags behind what was decided: by seconds, in a Kafka
        that stood still.
        """
        deadline = time.monotonic() + self._seconds
        while names := left():
            if time.monotonic() > deadline:
                raise NotReachable(words.format(", ".join(sorted(names))))
            time.sleep(_LOOK_SECONDS)

    def _known(self, names: Iterable[str]) -> set[str]:
        futures = self._admin.describe_user_scram_credentials(list(names), request_timeout=self._seconds)
        known = {name: future for name, future in futures.items() if not _is_of_nobody(future, self._seconds)}
        self._settle(known)
        return set(known)

    def _settle(self, futures: Mapping[Any, "Future[Any]"]) -> None:
        for future in futures.values():
            self._result(future)

    def _result(self, future: "Future[Any]") -> Any:
        try:
            return future.result(self._seconds)
        except (KafkaException, TimeoutError) as error:
            raise NotReachable(
                f"Kafka does not change who may do what ({error}): is it up, and is our login its administrator's?"
            ) from error


def _is_of_nobody(future: "Future[Any]", seconds: float) -> bool:
    """Whether a change failed because there is no such login; whatever else is wrong with it is not said here."""
    try:
        error = future.exception(seconds)
    except TimeoutError:
        return False
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError.RESOURCE_NOT_FOUND


def acls(principal: Principal) -> Iterator[AclBinding]:
    for what, names in principal.may.items():
        kind, operation = _OPERATIONS[what]
        for name in names:
            pattern = ResourcePatternType.LITERAL
            if name.endswith("*") and name != "*":  # `*` alone is Kafka's own word for every name
                name, pattern = name[:-1], ResourcePatternType.PREFIXED  # noqa: PLW2901 - the mark is not part of it
            yield AclBinding(kind, name, pattern, f"User:{principal.name}", "*", operation, AclPermissionType.ALLOW)


def _all_acls(name: str) -> AclBindingFilter:
    return AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{name}", None, AclOperation.ANY, AclPermissionType.ANY
    )


def librdkafka(kafka: Kafka) -> dict[str, str]:
    """What librdkafka's clients take."""
    options = {"bootstrap.servers": kafka.bootstrap, "security.protocol": kafka.protocol}
    if kafka.authority:
        options["ssl.ca.location"] = str(kafka.authority)
    if kafka.username:
        options |= {
            "sasl.mechanism": kafka.mechanism,
            "sasl.username": kafka.username,
            "sasl.password": kafka.password or "",
        }
    return options
