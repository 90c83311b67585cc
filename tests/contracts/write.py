"""The events of the contracts as JSON Schema: `python -m tests.contracts.write` writes tests/contracts/schemas anew, by
which changes are judged, and docs/schemas, which departments use: the reported events whole, in words.

It refuses a change that breaks who sends or reads an event: publish such a change as another type (`.v2`) beside the old
one. `--breaking` writes it all the same, for a contract that nobody has used yet.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from shared.contracts import feedback, inventory, reporting, status
from shared.contracts.envelope import WORDS, Published, type_name
from shared.contracts.reported.kinds import KINDS
from shared.event_schemas import event_schema

FOLDER = Path(__file__).parent
SCHEMAS, SAMPLES = FOLDER / "schemas", FOLDER / "published"
FOR_DEPARTMENTS = FOLDER.parents[1] / "docs/schemas"

Schema = dict[str, Any]
Events = dict[str, type[BaseModel]]


def _events(service: str, module: Any, kind: type[BaseModel], names: str) -> Events:
    own = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__]
    found = [each for each in own if issubclass(each, kind) and re.search(names, each.__name__)]
    return {type_name(service, each.__name__): each for each in found}


REPORTED: Events = {kind: model for kinds in KINDS.values() for kind, model in kinds.items()}
PUBLISHED: Events = {
    **_events("inventory", inventory, Published, r"(Recorded|Retired|Transferred)$"),
    **_events("feedback", feedback, Published, r"(Recorded|Changed|Erased)$"),
    **_events("status", status, Published, r"(Recorded|Changed|Delivered|Failed)$"),
    **_events("reporting", reporting, Published, r"(Changed|Signed|Taken)$"),
    **{
        type_name(service, word.__name__): word
        for service in ("inventory", "feedback", "status", "reporting")
        for word in WORDS
    },
}


def schema_of(kind: str) -> Schema:
    if kind in REPORTED:
        return REPORTED[kind].model_json_schema(mode="validation")
    return PUBLISHED[kind].model_json_schema(mode="serialization")


def path_of(kind: str) -> Path:
    return SCHEMAS / f"{kind}.json"


def committed(kind: str) -> Schema:
    found: Schema = orjson.loads(path_of(kind).read_bytes())
    return found


def written(schema: Schema) -> bytes:
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def written_for_departments(kind: str) -> bytes:
    """In the order in which it is best read."""
    return orjson.dumps(event_schema(kind), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def breaks(kind: str, old: Schema, new: Schema) -> list[str]:
    """What breaks senders of a reported event, or readers of a published one, when its schema changes; a line each."""
    compare = _what_senders_lose if kind in REPORTED else _what_readers_lose
    return list(_differences(_Two(old, new), old, new, "data", compare))


class _Two:
    """Two schemas, each with its own definitions."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new

    def parts(self, old: Schema, new: Schema) -> tuple[dict[str, Schema], dict[str, Schema]]:
        return dict(_by_kind(old, self.old)), dict(_by_kind(new, self.new))


def _by_kind(schema: Schema, root: Schema) -> Iterator[tuple[str, Schema]]:
    """What a value may be: each JSON type with its schema; codes of several lists are one list."""
    found: dict[str, Schema] = {}
    for each in _alternatives(schema, root):
        kind = " ".join([each.get("type", "any"), *_tag(each)])
        codes = [code for one in (found.get(kind, {}), each) for code in one.get("enum", ())]
        found[kind] = {**each, "enum": codes} if codes else each
    yield from found.items()


def _tag(schema: Schema) -> list[str]:
    """What tells one of several kinds of objects from the others."""
    kind = schema.get("properties", {}).get("kind", {})
    return [kind["const"]] if "const" in kind else []


def _alternatives(schema: Schema, root: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _alternatives(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    elif "anyOf" in schema or "oneOf" in schema:
        for each in schema.get("anyOf", schema.get("oneOf", ())):
            yield from _alternatives(each, root)
    else:
        yield {**schema, "enum": [schema["const"]]} if "const" in schema else schema


def _differences(two: _Two, old: Schema, new: Schema, path: str, compare: Any) -> Iterator[str]:
    before, after = two.parts(old, new)
    for kind, one in before.items():
        if kind in after:
            yield from _inside(two, one, after[kind], path, compare)
    for message in compare(before, after):
        yield f"{path} {message}"


def _inside(two: _Two, old: Schema, new: Schema, path: str, compare: Any) -> Iterator[str]:
    for name, each in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield from _differences(two, each, new["properties"][name], f"{path}.{name}", compare)
    for name in ("items", "additionalProperties"):
        if isinstance(old.get(name), dict) and isinstance(new.get(name), dict):
            yield from _differences(two, old[name], new[name], f"{path}[]", compare)


def _both(before: dict[str, Schema], after: dict[str, Schema]) -> Iterator[str]:
    """What harms either side: a field that is gone, a code that is gone."""
    for kind in before.keys() & after.keys():
        old, new = before[kind], after[kind]
        for name in sorted(old.get("properties", {}).keys() - new.get("properties", {}).keys()):
            yield f"has no field {name} any more: it was removed or renamed"
        for code in old.get("enum", ()):
            if "enum" in new and code not in new["enum"]:
                yield f"has no code {code!r} any more: it was removed or renamed"


def _what_senders_lose(before: dict[str, Schema], after: dict[str, Schema]) -> Iterator[str]:
    yield from _both(before, after)
    taken = after.keys() | ({"integer"} if "number" in after else set())
    if "any" not in after:
        yield from (f"takes no {kind} any more" for kind in sorted(before.keys() - taken))
    for kind in before.keys() & after.keys():
        old, new = before[kind], after[kind]
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"needs {name} now, which senders do not send"
        if "enum" in new and "enum" not in old:
            yield "takes only codes now"
        for limit, narrower in _LIMITS.items():
            if limit in new and (limit not in old or narrower(old[limit], new[limit])):
                yield f"has a narrower {limit} now: {new[limit]}"


_LIMITS: dict[str, Any] = {
    **dict.fromkeys(("maxLength", "maximum", "exclusiveMaximum", "maxItems"), lambda old, new: new < old),
    **dict.fromkeys(("minLength", "minimum", "exclusiveMinimum", "minItems"), lambda old, new: new > old),
    **dict.fromkeys(("pattern", "format"), lambda old, new: new != old),
}


def _what_readers_lose(before: dict[str, Schema], after: dict[str, Schema]) -> Iterator[str]:
    yield from _both(before, after)
    if "any" not in before:
        yield from (f"may be {kind} now, which readers do not expect" for kind in sorted(after.keys() - before.keys()))
    for kind in before.keys() & after.keys():
        gone = set(before[kind].get("required", ())) - set(after[kind].get("required", ()))
        still = after[kind].get("properties", {}).keys()
        yield from (f"may lack {name} now, which readers expect" for name in sorted(gone & still))


def main(arguments: list[str]) -> int:
    events = {**REPORTED, **PUBLISHED}
    found = [
        f"{kind}: {each}"
        for kind in events
        if path_of(kind).exists()
        for each in breaks(kind, committed(kind), schema_of(kind))
    ]
    found += [f"{path.stem}: the event is gone" for path in SCHEMAS.glob("*.json") if path.stem not in events]
    if found and "--breaking" not in arguments:
        sys.stderr.write("\n".join([*found, "nothing was written; see --breaking in this file\n"]))
        return 1
    _write(SCHEMAS, {kind: written(schema_of(kind)) for kind in events})
    _write(FOR_DEPARTMENTS, {kind: written_for_departments(kind) for kind in REPORTED})
    return 0


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for kind, content in files.items():
        (folder / f"{kind}.json").write_bytes(content)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
