"""CloudEvents in binary mode: attributes in headers, data in the body; read as the structured event it stands for. Pure.

HTTP and Kafka write attributes differently (`ce-id`, percent-encoded; `ce_id`, UTF-8); from there on they are the same.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from shared.decoding import Arrival, read_json, write_json
from shared.problems import Problem, problem

# A message is in binary mode when one of the attributes that every event has stands in its headers.
REQUIRED = frozenset({"specversion", "id", "source", "type"})
# Said by the body and its media type, never by a header.
_SAID_OTHERWISE = frozenset({"data", "data_base64", "datacontenttype"})
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as a header gives it; `readable` says whether `value` is what was meant, or what could be made of it."""

    name: str
    value: str
    readable: bool = True


def attributes_of_http(headers: Iterable[tuple[bytes, bytes]]) -> list[Attribute]:
    """Those of an HTTP message, whose header names are in lower case."""
    return [_of_http(name[3:].decode("latin-1"), value) for name, value in headers if name.startswith(b"ce-")]


def attributes_of_kafka(headers: Iterable[tuple[str, bytes | None]]) -> list[Attribute]:
    return [_of_kafka(name[3:], value) for name, value in headers if name.startswith("ce_")]


def is_binary(attributes: Iterable[Attribute]) -> bool:
    return any(attribute.name in REQUIRED for attribute in attributes)


def _of_http(name: str, value: bytes) -> Attribute:
    """CloudEvents HTTP binding 1.0.2, 3.1.3.2: quoted strings are unescaped, then one round of percent-decoding."""
    try:
        text = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), value.decode("ascii"))
        if _BAD_PERCENT.search(text):
            return Attribute(name, text, readable=False)
        return Attribute(name, unquote_to_bytes(text).decode())
    except UnicodeDecodeError:
        return Attribute(name, value.decode("latin-1"), readable=False)


def _of_kafka(name: str, value: bytes | None) -> Attribute:
    if value is None:
        return Attribute(name, "", readable=False)
    try:
        return Attribute(name, value.decode())
    except UnicodeDecodeError:
        return Attribute(name, value.decode("latin-1"), readable=False)


def structured(attributes: Sequence[Attribute], body: bytes, org_id: str, found: Problem | None = None) -> Arrival:
    """The event that attributes and data stand for; `found` is what its door has already found wrong.

    What cannot be written as an event is kept readable: its attributes, and its data in base64.
    """
    said: dict[str, Any] = {}
    for attribute in attributes:
        said.setdefault(attribute.name, attribute.value)
    data = read_json(body) if body else None
    wrong = found or _wrong(attributes) or _unreadable(data)
    if wrong is None:
        raw, document = write_json({**said, "data": data} if body else said)
    else:
        raw, document = write_json({**said, "data_base64": base64.b64encode(body).decode()})
    return Arrival(raw, org_id, document, problem=wrong)


def _wrong(attributes: Iterable[Attribute]) -> Problem | None:
    seen: set[str] = set()
    for attribute in attributes:
        name = attribute.name[:100]
        if not attribute.readable:
            return problem(
                "invalid_envelope",
                f"The attribute {name} cannot be read: a header gives it in UTF-8 (over HTTP percent-encoded, and a lone % as %25).",
                f"L'attribut {name} est illisible : un en-tête le donne en UTF-8 (par HTTP en codage-pourcent, et un % seul par %25).",
                name,
            )
        if name in seen:
            return problem(
                "invalid_envelope",
                f"The attribute {name} is given by two headers; send one.",
                f"L'attribut {name} est donné par deux en-têtes; envoyez-en un.",
                name,
            )
        if name in _SAID_OTHERWISE:
            return problem(
                "invalid_envelope",
                f"In binary mode {name} is no header: the body is the data, and content-type says its media type.",
                f"En mode binaire, {name} n'est pas un en-tête : le corps est la donnée, et content-type en dit le type de média.",
                name,
            )
        seen.add(name)
    return None


def _unreadable(data: Any) -> Problem | None:
    return Problem(data.code, data.detail, "data") if isinstance(data, Problem) else None
