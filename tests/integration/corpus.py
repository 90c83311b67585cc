"""Bad requests and records, each with the answer that is documented for it: a table to read.

`EVENTS` are events wrong in one thing; each is sent between good ones through HTTP and through Kafka. `BYTES` cannot be
written as an event at all. `REQUESTS` are wrong as requests. The expected code is that of docs/problems.md, None where
the event is accepted though it looks odd.
"""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from shared.contracts.reported.kinds import KINDS

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"
MISSING = object()

CRLF, ANSI, NUL, BIDI, C1 = "a\r\nInjected: b", "a\x1b[31mred", "a\x00b", "a\u202eb", "a\x9b31m"


@dataclass(frozen=True)
class Wrong:
    """An event with other values at some paths (`data.state`); MISSING takes the field away."""

    name: str
    changes: dict[str, Any]
    code: str | None
    field: str | None = None
    example: str = "status"


@dataclass(frozen=True)
class Bytes:
    """What is sent instead of an event."""

    name: str
    sent: bytes
    code: str | None = "unreadable"


@dataclass(frozen=True)
class Request:
    """A request that is refused as a whole, or whose only event is. `{key}` and `{event}` are filled in."""

    name: str
    status: int
    code: str | None
    body: bytes = b""
    kind: str | None = STRUCTURED
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/v1/events"


def _example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((EXAMPLES / f"{name}.json").read_bytes())
    return found


def _envelope() -> Iterator[Wrong]:
    for name in ("specversion", "id", "source", "type", "data"):
        yield Wrong(f"no {name}", {name: MISSING}, "invalid_envelope", name)
        yield Wrong(f"null {name}", {name: None}, "invalid_envelope", name)
        yield Wrong(f"{name} is a number", {name: 7}, "invalid_envelope", name)
        yield Wrong(f"{name} is a list", {name: [1]}, "invalid_envelope", name)
    yield Wrong("no time", {"time": MISSING}, "missing_field", "time")
    for name in ("id", "source", "type"):
        yield Wrong(f"{name} empty", {name: ""}, "invalid_envelope", name)
        yield Wrong(f"{name} endless", {name: "x" * 256}, "invalid_envelope", name)
    for name in ("id", "source", "type", "subject", "traceparent"):
        for how, text in (("CRLF", CRLF), ("ANSI", ANSI), ("bidi", BIDI), ("C1", C1)):
            yield Wrong(f"{how} in {name}", {name: text}, "invalid_envelope", None if name == "traceparent" else name)
        yield Wrong(f"NUL in {name}", {name: NUL}, "invalid_value")
    yield Wrong("specversion 0.3", {"specversion": "0.3"}, "invalid_envelope", "specversion")
    yield Wrong("specversion 2.0", {"specversion": "2.0"}, "invalid_envelope", "specversion")
    yield Wrong("data is text", {"data": "text"}, "invalid_envelope", "data")
    yield Wrong("data in base64", {"data": MISSING, "data_base64": "e30="}, "invalid_envelope", "data")
    yield Wrong("subject endless", {"subject": "x" * 256}, "invalid_envelope", "subject")
    yield Wrong("subject is an object", {"subject": {}}, "invalid_envelope", "subject")
    yield Wrong("media type XML", {"datacontenttype": "application/xml"}, "invalid_envelope", "datacontenttype")
    yield Wrong("media type is a number", {"datacontenttype": 1}, "invalid_envelope", "datacontenttype")
    yield Wrong("media type with UTF-8", {"datacontenttype": "application/json; charset=utf-8"}, None)
    for name in ("Upper", "with-dash", "with_underscore", "é", "", "a.b"):
        yield Wrong(f"extension {name!r}", {name: "x"}, "invalid_envelope")
    yield Wrong("extension is an object", {"extra": {"a": 1}}, "invalid_envelope")
    yield Wrong("extension is a fraction", {"extra": 1.5}, "invalid_envelope")
    yield Wrong("extensions of the plain types", {"a": "b", "c": 1, "d": True}, None)


def _moments() -> Iterator[Wrong]:
    for name, text in {
        "a word": "yesterday",
        "no zone": "2026-05-04T11:00:00",
        "a date": "2026-05-04",
        "a 13th month": "2026-13-04T11:00:00Z",
        "a 30th February": "2026-02-30T11:00:00Z",
        "a 25th hour": "2026-05-04T25:00:00Z",
        "seconds since 1970": "1777777777",
        "empty": "",
        "year 10000": "10000-01-01T00:00:00Z",
        "CRLF": "2026-05-04T11:00:00Z\r\n",
    }.items():
        yield Wrong(f"time: {name}", {"time": text}, "invalid_envelope", "time")
    yield Wrong("time is a number", {"time": 1777777777}, "invalid_envelope", "time")
    yield Wrong("time: the year 1", {"time": "0001-01-01T00:00:00Z"}, "invalid_value", "time")
    yield Wrong("time: 1899", {"time": "1899-12-31T23:59:59Z"}, "invalid_value", "time")
    yield Wrong("time: the year 9999", {"time": "9999-12-31T23:59:59Z"}, "time_in_future", "time")
    yield Wrong("time: far west at the end of time", {"time": "9999-12-31T23:59:59-23:59"}, "time_in_future", "time")
    yield Wrong(
        "expected_at: the year 9999", {"data.expected_at": "9999-12-31T23:59:59Z"}, "invalid_value", "data.expected_at"
    )


def _identities() -> Iterator[Wrong]:
    for name, source in {
        "another organisation's": "/organizations/134/cases",
        "one that begins alike": "/organizations/90011",
        "a way out": "/organizations/../organizations/134",
        "a web address": "https://example.org/organizations/9001",
        "in capitals": "/ORGANIZATIONS/9001",
        "without the slash": "organizations/9001",
        "of full-width digits": "/organizations/９００１",
    }.items():
        yield Wrong(f"source: {name}", {"source": source}, "wrong_organization", "source")
    yield Wrong("type of another service", {"type": "guichet.feedback.FeedbackReported.v1"}, "unknown_type", "type")
    yield Wrong(
        "type that is recorded, not reported",
        {"type": "guichet.status.ApplicationStateChanged.v1"},
        "unknown_type",
        "type",
    )
    yield Wrong(
        "type of another version", {"type": "guichet.status.ApplicationStatusReported.v9"}, "unknown_type", "type"
    )
    yield Wrong("type in capitals", {"type": "GUICHET.STATUS.APPLICATIONSTATUSREPORTED.V1"}, "unknown_type", "type")


def _values() -> Iterator[Wrong]:
    for name in ("application_id", "service_id", "client_id"):
        at = f"data.{name}"
        for how, text in {
            "empty": "", "comma": "a,b", "slash": "a/b", "space in front": " a", "endless": "x" * 101,
            "CRLF": CRLF, "ANSI": ANSI, "bidi": BIDI, "C1": C1,
        }.items():  # fmt: skip
            yield Wrong(f"{name}: {how}", {at: text}, "invalid_value", at)
        yield Wrong(f"{name}: NUL", {at: NUL}, "invalid_value")
    yield Wrong("state unknown", {"data.state": "done"}, "invalid_value", "data.state")
    yield Wrong("state in capitals", {"data.state": "SUBMITTED"}, "invalid_value", "data.state")
    yield Wrong("state with a control", {"data.state": "submitted\x1b"}, "invalid_value", "data.state")
    yield Wrong("a field nobody knows", {"data.stat": 1}, "unknown_field", "data.stat")
    yield Wrong("a field with a bad name", {"data.a\r\nb\x1b[0m\u202e": 1}, "unknown_field")
    yield Wrong("a field with an endless name", {"data." + "x" * 10_000: 1}, "unknown_field")
    for number in (-1, 2**63, 1.5, "1e3"):
        yield Wrong(f"sequence {number}", {"data.sequence": number}, "invalid_value", "data.sequence")
    yield Wrong("one language", {"data.reason": {"en": "only"}}, "missing_field", "data.reason.fr")
    yield Wrong(
        "a third language", {"data.reason": {"en": "a", "fr": "b", "de": "c"}}, "unknown_field", "data.reason.de"
    )
    yield Wrong("an empty text", {"data.reason": {"en": "", "fr": "b"}}, "invalid_value", "data.reason.en")
    yield Wrong("an endless text", {"data.reason": {"en": "x" * 2001, "fr": "b"}}, "invalid_value", "data.reason.en")
    yield Wrong("NUL in a text", {"data.reason": {"en": NUL, "fr": "b"}}, "invalid_value")
    for how, text in (
        ("CRLF", CRLF),
        ("ANSI", ANSI),
        ("bidi", BIDI),
        ("emoji", "😀👩‍👩‍👧"),
        ("markup", "<script>alert(1)</script>"),
    ):
        yield Wrong(f"{how} in a text", {"data.reason": {"en": text, "fr": text}}, None)
        yield Wrong(f"{how} in feedback", {"data.text": text}, None, example="feedback")
    yield Wrong("NUL in feedback", {"data.text": NUL}, "invalid_value", example="feedback")
    yield Wrong("endless feedback", {"data.text": "x" * 20_001}, "invalid_value", "data.text", "feedback")
    yield Wrong("rating 0", {"data.rating": 0}, "invalid_value", "data.rating", "feedback")
    yield Wrong("rating 6", {"data.rating": 6}, "invalid_value", "data.rating", "feedback")
    yield Wrong("an unknown driver", {"data.drivers": {"speed": 1}}, "invalid_value", example="feedback")
    yield Wrong(
        "a driver of 9", {"data.drivers": {"courtesy": 9}}, "invalid_value", "data.drivers.courtesy", "feedback"
    )
    yield Wrong("met above total", {"data.met": 300}, "invalid_value", example="result")
    yield Wrong("met below nothing", {"data.met": -1}, "invalid_value", "data.met", "result")
    yield Wrong("a result that ends before it begins", {"data.to": "2020-01-01"}, "invalid_value", example="result")
    yield Wrong(
        "no year of the list", {"data.fiscal_year": "2026-2028"}, "invalid_value", "data.fiscal_year", "service"
    )
    yield Wrong("a volume below nothing", {"data.num_applications_online": -1}, "invalid_value", example="service")
    yield Wrong("a volume in words", {"data.num_applications_online": "many"}, "invalid_value", example="service")
    yield Wrong("a target above all", {"data.target": 1.01}, "invalid_value", "data.target", "standard")
    deep: Any = "bottom"
    for _ in range(15):
        deep = {"en": deep}
    yield Wrong("17 levels", {"data.reason": deep}, "too_deep")
    yield Wrong("256 KiB and a byte", {"data.reason": {"en": "x" * 256 * 1024, "fr": "b"}}, "too_large")


def _types() -> Iterator[Wrong]:
    """For every field of every contract, a value of a type that no field of its kind takes."""
    for example in ("status", "feedback", "feedback-handling", "service", "standard", "result"):
        kind = _example(example)["type"]
        model = KINDS[kind.split(".")[1]][kind]
        assert model is not None
        for name, about in model.model_fields.items():
            at = f"data.{about.alias or name}"
            value = 7.5 if _is_object(about.annotation) else {"wrong": ["type"]}
            yield Wrong(f"{example}: {at} of another type", {at: value}, "invalid_value", at, example)


def _is_object(annotation: Any) -> bool:
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return any(
        typing.get_origin(each) is dict or (isinstance(each, type) and issubclass(each, BaseModel)) for each in options
    )


EVENTS = [*_envelope(), *_moments(), *_identities(), *_values(), *_types()]

_SOUND = (
    b'{"specversion":"1.0","id":"x","source":"/organizations/9001","type":"t","time":"2026-05-04T11:00:00Z","data":'
)
BYTES = [
    Bytes("half an object", b'{"specversion": "1.0", '),
    Bytes("a word", b"hello"),
    Bytes("single quotes", b"{'specversion': '1.0'}"),
    Bytes("a trailing comma", b'{"specversion": "1.0",}'),
    Bytes("a comment", b'{"specversion": "1.0"} // that is it'),
    Bytes("two values", b"{} {}"),
    Bytes("NaN", _SOUND + b'{"a": NaN}}'),
    Bytes("Infinity", _SOUND + b'{"a": Infinity}}'),
    Bytes("minus Infinity", _SOUND + b'{"a": -Infinity}}'),
    Bytes("a number beyond all", _SOUND + b'{"a": 1e400}}'),
    Bytes("a number of 5,000 digits", _SOUND + b'{"a": ' + b"9" * 5000 + b"}}"),
    Bytes("a leading zero", _SOUND + b'{"a": 01}}'),
    Bytes("half a surrogate", _SOUND + b'{"a": "\\ud800"}}'),
    Bytes("surrogates the wrong way round", _SOUND + b'{"a": "\\udc00\\ud800"}}'),
    Bytes("a raw control character", _SOUND + b'{"a": "\x01"}}'),
    Bytes("a raw NUL", _SOUND + b'{"a": "\x00"}}'),
    Bytes("no UTF-8", _SOUND + b'{"a": "\xff\xfe"}}'),
    Bytes("Latin-1", _SOUND + '{"a": "é"}}'.encode("latin-1")),
    Bytes("an overlong encoding", _SOUND + b'{"a": "\xc0\xaf"}}'),
    Bytes("UTF-16", '{"specversion": "1.0"}'.encode("utf-16").replace(b"\n", b" ")),
    Bytes("brackets without end", b"[" * 3000),
    Bytes("objects without end", b'{"a":' * 3000),
    Bytes("XML", b"<event/>"),
    Bytes("a key without quotes", b"{specversion: 1}"),
    Bytes("an array", b"[]", "invalid_envelope"),
    Bytes("a text", b'"text"', "invalid_envelope"),
    Bytes("a number", b"1", "invalid_envelope"),
    Bytes("null", b"null", "invalid_envelope"),
    Bytes("true", b"true", "invalid_envelope"),
    Bytes("an empty object", b"{}", "invalid_envelope"),
    Bytes("an object behind a byte order mark", b"\xef\xbb\xbf{}", "invalid_envelope"),
    Bytes("900 levels", b"[" * 900 + b"]" * 900, "invalid_envelope"),
]

_KEY = {"Authorization": "Bearer {key}"}
_ATTRIBUTES = {
    "ce-specversion": "1.0",
    "ce-id": "corpus-binary",
    "ce-source": "/organizations/9001",
    "ce-type": "guichet.status.ApplicationStatusReported.v1",
    "ce-time": "2026-05-04T11:00:00Z",
}


def _whole() -> Iterator[Request]:
    yield Request("no body", 400, "invalid_request")
    yield Request("blanks", 400, "invalid_request", b" \r\n\t ")
    yield Request("no lines", 400, "invalid_request", b"\n\n\r\n\n", NDJSON)
    yield Request("an empty batch", 400, "invalid_request", b"[]", BATCH)
    for name, body in {
        "an object": b"{}",
        "a text": b'"a"',
        "half": b"[{}",
        "NaN": b"[NaN]",
        "nothing": b"",
        "no UTF-8": b"[\xff]",
    }.items():
        yield Request(f"a batch that is {name}", 400, "unreadable", body, BATCH)
    yield Request("a batch of endless brackets", 400, "unreadable", b"[" * 100_000, BATCH)
    yield Request("10,001 events in a batch", 413, "too_large", b"[" + b",".join([b"{}"] * 10_001) + b"]", BATCH)
    yield Request("10,001 lines", 413, "too_large", b"{}\n" * 10_001, NDJSON)
    for kind in (
        "application/xml", "text/plain", "text/json", "application/cloudevents", "application/cloudevents+avro",
        "application/cloudevents-batch+avro", "application/cloudevents+json-seq", "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/cloudevents+json; charset=latin1",
        "application/octet-stream", "nonsense", ";", "application/json, application/xml", "application/\xe9",
    ):  # fmt: skip
        yield Request(f"media type {kind!r}", 415, "unsupported_media_type", b"{event}", kind)
    yield Request("no media type", 415, "unsupported_media_type", b"{event}", None)
    for coding in ("gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity", "x"):
        yield Request(
            f"coding {coding!r}", 415, "unsupported_media_type", b"{event}", headers={"Content-Encoding": coding}
        )
    for kind in (
        "Application/CloudEvents+JSON",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"; x=y',
    ):
        yield Request(f"media type {kind!r}", 202, None, b"{event}", kind)
    yield Request("coding identity", 202, None, b"{event}", headers={"Content-Encoding": "identity"})
    yield Request("behind a byte order mark", 202, None, b"\xef\xbb\xbf{event}")


def _callers() -> Iterator[Request]:
    for name, authorization in {
        "nothing": "",
        "no key": "Bearer",
        "blanks": "Bearer    ",
        "another scheme": "Basic dXNlcjpwYXNz",
        "the key alone": "{key}",
        "a key nobody has": "Bearer gk_000000000000_nothing",
        "a key with another secret": "Bearer {key}x",
        "half a key": "Bearer gk_",
        "endless": "Bearer gk_" + "x" * 8000,
        "no ASCII": "Bearer gk_\xe9\xff_\xa0",
        "a token of nobody": "Bearer a.b.c",
        "a token without a signature": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwicm9sZXMiOlsib3BlcmF0b3IiXX0.",
        "SQL": "Bearer gk_' or '1'='1_x",
        "ANSI in spirit": "Bearer gk_%1b[31m_%00",
    }.items():
        yield Request(f"caller: {name}", 401, "unauthorized", b"{event}", headers={"Authorization": authorization})


def _routes() -> Iterator[Request]:
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        yield Request(f"{method} at the door", 405, "method_not_allowed", method=method)
    for path in (
        "/v1/event",
        "/v2/events",
        "//v1/events",
        "/v1/events/../x",
        "/%2e%2e/etc/passwd",
        "/v1/%0d%0aa",
    ):
        yield Request(f"path {path!r}", 404, "not_found", b"{event}", path=path)
    yield Request("NUL in a path", 400, "invalid_request", method="GET", path="/v1/receipts/a%00b")
    yield Request("NUL in a parameter", 400, "invalid_request", method="GET", path="/v1/receipts/a?source=%00")
    for name, path in {
        "unknown": "none",
        "endless": "x" * 5000,
        "CRLF": "a%0d%0ab",
        "no UTF-8": "%ff",
        "SQL": "'%20or%201=1--",
    }.items():
        yield Request(f"receipt: {name}", 404, "not_found", method="GET", path=f"/v1/receipts/{path}")


def _binary() -> Iterator[Request]:
    good = b'{"application_id": "corpus", "service_id": "S", "state": "submitted"}'
    for name in _ATTRIBUTES:
        headers = {key: value for key, value in _ATTRIBUTES.items() if key != name}
        code = "missing_field" if name == "ce-time" else "invalid_envelope"
        yield Request(f"binary without {name}", 422, code, good, "application/json", headers)
    for name, value in {
        "a lone percent": "100%", "overlong UTF-8": "%C0%A0", "a surrogate": "%ED%A0%80", "Latin-1": "%E9", "raw Latin-1": "\xe9",
        "CRLF": "a%0D%0Ab", "ANSI": "%1B%5B31m", "bidi": "%E2%80%AE", "DEL": "%7F",
    }.items():  # fmt: skip
        headers = {**_ATTRIBUTES, "ce-subject": value}
        yield Request(f"binary: subject with {name}", 422, "invalid_envelope", good, "application/json", headers)
    yield Request("binary: NUL", 422, "invalid_value", good, "application/json", {**_ATTRIBUTES, "ce-subject": "%00"})
    for name in ("ce-data", "ce-datacontenttype", "ce-data_base64", "ce-with-dash", "ce-"):
        yield Request(
            f"binary: header {name}", 422, "invalid_envelope", good, "application/json", {**_ATTRIBUTES, name: "x"}
        )
    for kind in (
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/x-ndjson",
        "application/avro",
    ):
        yield Request(f"binary: {kind}", 415, "unsupported_media_type", good, kind, _ATTRIBUTES)
    for name, body, code in (
        ("no data", b"", "invalid_envelope"),
        ("half", b"{", "unreadable"),
        ("an array", b"[]", "invalid_envelope"),
        ("a second source", b'{}, "source": "/organizations/134"', "unreadable"),
        ("an endless nest", b"[" * 600 + b"]" * 600, "too_deep"),
        ("too much", b'{"a": "' + b"x" * 256 * 1024 + b'"}', "too_large"),
        ("an unknown field", b'{"a": 1}', "missing_field"),
    ):
        yield Request(f"binary: {name}", 422, code, body, "application/json", _ATTRIBUTES)
    other = {**_ATTRIBUTES, "ce-source": "/organizations/134"}
    yield Request("binary: another organisation's", 422, "wrong_organization", good, "application/json", other)


REQUESTS = [*_whole(), *_callers(), *_routes(), *_binary()]


def event(name: str, org: str, unique: str) -> dict[str, Any]:
    """A good event like docs/examples/`name`.json, of this organisation, about things of its own."""
    found = _example(name)
    found["id"], found["source"] = unique, f"/organizations/{org}/corpus"
    for key in ("application_id", "feedback_id", "service_id", "service_standard_id"):
        if key in found["data"]:
            found["data"][key] = f"{unique}-{key[:3]}"
    return found


def wrong(case: Wrong, org: str, unique: str) -> dict[str, Any]:
    found = event(case.example, org, unique)
    for path, value in case.changes.items():
        within = found["data"] if path.startswith("data.") else found
        name = path.removeprefix("data.") if path.startswith("data.") else path
        if value is MISSING:
            del within[name]
        else:
            within[name] = value
    return found


def service_of(case: Wrong) -> str:
    return str(_example(case.example)["type"].split(".")[1])
