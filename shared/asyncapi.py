"""A service in Kafka as AsyncAPI 3.0: what it receives, refuses, listens to and publishes, with the schema of each. Pure.

What departments read stands in both languages, `English | Français`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from shared.contracts.envelope import WORDS, Published, type_name
from shared.contracts.media_types import JSON
from shared.contracts.reported.kinds import Kinds
from shared.contracts.reported.words import EVENTS, Words, both
from shared.contracts.topics import TOPICS, Topic
from shared.door.description import PROBLEM
from shared.event_schemas import Mode, Schema, attributes, definitions, envelope

_REF = "#/components/schemas/{model}"
_STRUCTURED = "application/cloudevents+json"
_BINDING = "0.5.0"
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Hearing:
    """A consumer group on other services' topics, and the types it does something with; None: all of them."""

    group: str
    topics: Sequence[str]
    kinds: Collection[str] | None = None


def asyncapi(
    service: str,
    kinds: Kinds,
    topics: Sequence[str],
    hearings: Sequence[Hearing],
    retention: Mapping[str, int],
    *,
    tls: bool,
) -> Schema:
    """The document of one service. `retention`: for how many days `ingest` and `rejected` are kept."""
    heard = {topic: hearing for hearing in hearings for topic in hearing.topics}
    channels = {topic: _topic(topic) for topic in dict.fromkeys([*topics, *heard])}
    operations = {_name("publish", topic): _operation("send", topic, channels[topic]) for topic in topics}
    operations |= {_name("hear", topic): _heard(topic, channels[topic], by) for topic, by in heard.items()}
    if kinds:
        channels = {
            "ingest": _ingest(service, kinds, retention),
            "rejected": _rejected(service, retention),
            **channels,
        }
        operations = {**_door(service, channels), **operations}
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:guichet:{service}",
        "info": _info(service),
        "defaultContentType": _STRUCTURED,
        "servers": {"kafka": _server(tls=tls)},
        "channels": channels,
        "operations": operations,
        "components": {
            "schemas": _schemas(kinds, channels),
            "securitySchemes": {"scram": {"type": "scramSha512", "description": both(_LOGIN)}},
        },
    }


_LOGIN: Words = (
    "SASL SCRAM-SHA-512. A department's user name is the id of its key, its password the key itself, as `guichet keys create` says them.",
    "SASL SCRAM-SHA-512. Le nom d'utilisateur d'un ministère est l'identifiant de sa clé, son mot de passe la clé elle-même, tels que `guichet keys create` les donne.",
)


def _info(service: str) -> Schema:
    return {
        "title": f"Guichet: {service}",
        "version": "0.1.0",
        "description": both(
            (
                "What this service receives, refuses, listens to and publishes in Kafka; docs/departments.md has examples. Over HTTP: /openapi.json.",
                "Ce que ce service reçoit, refuse, écoute et publie dans Kafka; docs/ministeres.md donne des exemples. Par HTTP : /openapi.json.",
            )
        ),
        "license": {"name": "Apache-2.0"},
    }


def _server(*, tls: bool) -> Schema:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka-secure" if tls else "kafka",
        "variables": {
            "bootstrap": {
                "description": both(("host:port, as your operator says", "hôte:port, selon votre exploitant"))
            }
        },
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    }


# The door of departments


def _ingest(service: str, reported: Kinds, retention: Mapping[str, int]) -> Schema:
    messages: dict[str, Schema] = {}
    for kind, model in reported.items():
        messages[model.__name__] = _structured_report(kind, model)
        messages[f"{model.__name__}.binary"] = _binary_report(kind, model)
    about = ("Departments' own topics: what they report.", "Les sujets propres aux ministères : ce qu'ils déclarent.")
    return _own_topic("ingest", service, about, messages, retention)


def _rejected(service: str, retention: Mapping[str, int]) -> Schema:
    about = (
        "What was refused, and why; never its data. It is told as well as can be: the receipt is the record.",
        "Ce qui a été refusé, et pourquoi; jamais ses données. La réponse est donnée autant que possible : le récépissé fait foi.",
    )
    title = both(("A report was refused", "Une déclaration a été refusée"))
    message = {
        "name": "Rejection",
        "title": title,
        "contentType": JSON,
        "payload": {"$ref": _REF.format(model="Rejection")},
    }
    return _own_topic("rejected", service, about, {"Rejection": message}, retention)


def _own_topic(
    name: str, service: str, about: Words, messages: Mapping[str, Schema], retention: Mapping[str, int]
) -> Schema:
    configuration = {"retention.ms": retention[name] * _DAY}
    number = both(("the organisation's number", "le numéro de l'organisation"))
    return {
        "address": f"{name}.{service}.{{org_id}}",
        "title": both(about),
        "parameters": {"org_id": {"description": number, "examples": ["134"]}},
        "messages": messages,
        "bindings": {"kafka": {"partitions": 1, "topicConfiguration": configuration, "bindingVersion": _BINDING}},
    }


def _structured_report(kind: str, model: type[BaseModel]) -> Schema:
    said = {"type": "object", "properties": {"content-type": {"type": "string", "const": _STRUCTURED}}}
    payload = envelope(kind, model, _REF)
    return {**_report(kind, model), "contentType": _STRUCTURED, "headers": said, "payload": payload}


def _binary_report(kind: str, model: type[BaseModel]) -> Schema:
    """In binary mode: the data alone, and the attributes in headers."""
    schema = envelope(kind, model, _REF)
    named = {name: about for name, about in attributes(kind).items() if name != "datacontenttype"}
    headers = {
        "type": "object",
        "properties": {
            "content-type": {"type": "string", "const": JSON},
            **{f"ce_{name}": named[name] for name in named},
        },
        "required": [f"ce_{name}" for name in schema["required"] if name in named],
    }
    binary = both(
        ("binary mode: attributes in headers, in UTF-8", "mode binaire : attributs dans des en-têtes, en UTF-8")
    )
    data = {"$ref": _REF.format(model=model.__name__)}
    return {**_report(kind, model), "summary": binary, "contentType": JSON, "headers": headers, "payload": data}


def _report(kind: str, model: type[BaseModel]) -> Schema:
    title, more = EVENTS[model.__name__]
    return {"name": kind, "title": both(title), "description": both(more)}


def _door(service: str, channels: Mapping[str, Schema]) -> dict[str, Schema]:
    take = _operation("receive", "ingest", channels["ingest"])
    take["title"] = both(("Report what happened", "Déclarer ce qui s'est produit"))
    take["bindings"] = _group(f"{service}.ingest")
    refuse = _operation("send", "rejected", channels["rejected"])
    refuse["title"] = both(("Answer what is refused", "Répondre à ce qui est refusé"))
    return {"receiveReports": take, "answerRejections": refuse}


# Topics between services


def _topic(name: str) -> Schema:
    topic = TOPICS[name]
    about = both((topic.about.en, topic.about.fr))
    return {
        "address": name,
        "title": about,
        "messages": {each.__name__: _published(topic, each) for each in _events(topic)},
    }


def _events(topic: Topic) -> tuple[type[Published], ...]:
    return (*topic.events, *WORDS)


def _published(topic: Topic, model: type[Published]) -> Schema:
    kind = type_name(topic.service, model.__name__)
    headers = {
        "type": "object",
        "properties": {"ce_type": {"type": "string", "const": kind}, "ce_id": {"type": "string"}},
        "required": ["ce_type", "ce_id"],
    }
    message = {
        "name": kind,
        "contentType": _STRUCTURED,
        "headers": headers,
        "payload": published_event(topic.service, model),
    }
    if model in WORDS:
        return message
    return {
        **message,
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": _BINDING}},
    }


def published_event(service: str, model: type[Published]) -> Schema:
    """An event that a service publishes, whole. Attributes and fields may be added to it at any time."""
    moment = {"type": "string", "format": "date-time"}
    said: dict[str, Schema] = {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string", "const": f"/services/{service}"},
        "type": {"type": "string", "const": type_name(service, model.__name__)},
        "time": moment,
        "datacontenttype": {"type": "string", "const": JSON},
    }
    if model not in WORDS:
        said["id"] |= {"pattern": "^[0-9]+$", "description": "the event's position in the service's log"}
        said["recordedat"] = {**moment, "description": "when it was recorded; `time` is when it happened"}
        said["subject"] = {"type": "string", "description": "the thing's id"}
        said["org"] = {"type": "string", "description": "the organisation it is about"}
        said["causedby"] = {"type": "string", "description": "the id of the reported event behind it"}
        said["causedbysource"] = {"type": "string", "description": "and its source"}
    properties = {**said, "data": {"$ref": _REF.format(model=model.__name__)}}
    return {"title": said["type"]["const"], "type": "object", "properties": properties, "required": [*properties]}


def _heard(topic: str, channel: Schema, by: Hearing) -> Schema:
    operation = _operation("receive", topic, channel, by.kinds)
    return {**operation, "bindings": _group(by.group)}


# Parts


def _operation(action: str, channel: str, described: Schema, kinds: Collection[str] | None = None) -> Schema:
    """`kinds`: the types of messages meant; None: all of the channel's."""
    wanted = [name for name, message in described["messages"].items() if kinds is None or message["name"] in kinds]
    there = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": there},
        "messages": [{"$ref": f"{there}/messages/{name}"} for name in wanted],
    }


def _group(name: str) -> Schema:
    return {"kafka": {"groupId": {"type": "string", "const": name}, "bindingVersion": _BINDING}}


def _name(verb: str, topic: str) -> str:
    """`publish`, `inventory.services.v1` -> `publishInventoryServicesV1`."""
    return verb + "".join(part.title() for part in topic.split("."))


def _schemas(reported: Mapping[str, type[BaseModel]], channels: Mapping[str, Schema]) -> dict[str, Schema]:
    models: list[tuple[type[BaseModel], Mode]] = [(model, "validation") for model in reported.values()]
    models += [(model, "serialization") for model in _carried(channels)]
    found = definitions(models, _REF)
    return {**found, "Rejection": _REJECTION} if reported else found


def _carried(channels: Mapping[str, Schema]) -> Iterator[type[Published]]:
    yield from dict.fromkeys(model for name in channels if name in TOPICS for model in _events(TOPICS[name]))


_REJECTION: Schema = {
    "type": "object",
    "required": ["id", "source", "partition", "offset", "problem"],
    "properties": {
        "id": {
            "type": ["string", "null"],
            "description": both(("null where it could not be read", "null s'il est illisible")),
        },
        "source": {"type": "string", "description": both(("your organisation", "votre organisation"))},
        "partition": {"type": "integer"},
        "offset": {"type": "integer", "description": both(("of the refused record", "de l'enregistrement refusé"))},
        "problem": PROBLEM,
    },
}
