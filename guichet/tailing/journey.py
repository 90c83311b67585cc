"""One event's way through all services, past and live: the door, the log, Kafka, every consumer, the figures."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from guichet.client import Services
from guichet.home import SERVICES
from guichet.tailing.asking import Away, Presence, ask
from guichet.tailing.lines import Line, LogFile, log_files, rfc3339
from guichet.tailing.words import Shape, in_words, write_json, write_text

_DOORS = SERVICES[:3]
_SECONDS = 0.3
_SECONDS_ONCE_READ = 1.0
_COLOURS = {
    "rejected": "error",
    "away": "warning",
    "not_published": "warning",
    "not_read": "warning",
    "unknown": "error",
}

# One thing to tell: `key` says it once; `at` sorts it; `text` is words of ours, or both languages.
Step = dict[str, Any]


class Journey:
    """Asks every service about one event, and tells what is new since it last asked."""

    def __init__(self, services: Services, event_id: str, source: str | None, shape: Shape) -> None:
        self._services, self._event_id, self._source, self._shape = services, event_id, source, shape
        self._told: set[str] = set()
        self._presence = Presence()
        self._files: list[LogFile] = log_files(services.home)
        self._lines: list[Line] = []
        self._at: list[str] = []
        self._search = True
        self.known = False
        self._read = False

    @property
    def anyone_away(self) -> bool:
        return self._presence.anyone_away

    async def run(self) -> None:
        """Until the task is cancelled."""
        await self.tell_new()
        if not self.known:
            sys.stderr.write("No service knows this event yet; waiting for it. Ctrl-C ends.\n")
        while True:
            await self.tell_new()
            await asyncio.sleep(_SECONDS_ONCE_READ if self._read else _SECONDS)

    async def tell_new(self) -> None:
        steps: list[Step] = []
        answers = await asyncio.gather(*(self._trace(name, steps) for name in _DOORS))
        traces = {name: trace for name, trace in zip(_DOORS, answers, strict=True) if trace is not None}
        places = [(name, event) for name, trace in traces.items() for event in trace["events"]]
        self._at = [f"{name}:{event['position']}" for name, event in places] or self._at
        reporting = await self._trace("reporting", steps)
        self._search = False  # once is enough for what was there; what comes is found by its place
        for name, trace in traces.items():
            steps += _at_the_door(name, trace)
        for name, event in places:
            steps += _published(name, event, traces[name]["log"])
        steps += self._in_the_logs(places)
        steps += self._in_reporting(reporting, places)
        self.known = self.known or any(step["step"] in {"accepted", "rejected", "read"} for step in steps)
        self._tell(steps)

    def tell_unknown(self) -> None:
        """Nobody knows the event, and nothing more is waited for."""
        text = "no service knows this event: it never arrived, its id could not be read, or it was forgotten after 13 months"
        self._tell([_step("unknown", "guichet", rfc3339(datetime.now(UTC)), text)])

    async def _trace(self, name: str, steps: list[Step]) -> dict[str, Any] | None:
        path = f"/v1/trace/{quote(self._event_id, safe='')}"
        if self._at:
            path += "?" + "&".join(f"at={place}" for place in self._at)
        query = {"source": self._source, "search": str(self._search).lower()}
        try:
            trace: dict[str, Any] = await ask(self._services, name, path, query)
        except Away as away:
            if self._presence.changed(name, away=True):
                steps.append(_step("away", name, _now(), f"{away}; what it knows will follow", key=f"away {_now()}"))
            return None
        if self._presence.changed(name, away=False):
            steps.append(_step("back", name, _now(), "answers again", key=f"back {name} {_now()}"))
        return trace

    def _in_the_logs(self, places: list[tuple[str, dict[str, Any]]]) -> Iterator[Step]:
        """The lines whose spans hold the event; of those about one thing, the first."""
        if not places:
            return
        self._lines += [line for file in self._files for line in file.new() if line.event in _SPANS]
        for name, event in places:
            begin = rfc3339(datetime.fromisoformat(event["recorded_at"]) - timedelta(seconds=1))
            for line in sorted(self._lines, key=lambda line: line.at):
                if line.at >= begin and (said := _holds(line, name, event["position"])):
                    yield _step(*said, key=f"{said[0]} {said[1]} {name} {event['position']}", line=line.fields)

    def _in_reporting(self, trace: dict[str, Any] | None, places: list[tuple[str, dict[str, Any]]]) -> Iterator[Step]:
        recorded = {(name, event["position"]): event["recorded_at"] for name, event in places}
        for each in ((trace or {}).get("reading") or {}).get("events", []):
            place = f"{each['service']}:{each['position']}"
            if each["read"]:
                self._read = True
                where = f"{each['topic']}, partition {each['partition']}, offset {each['offset']}"
                facts = {name: each[name] for name in ("topic", "partition", "offset", "log_position", "figures")}
                text = f"has read {place} ({where})"
                yield _step("read", "reporting", each["read_at"], text, key=f"read {place}", **facts)
            at = each.get("read_at") or recorded.get((each["service"], each["position"]), _now())
            for reason in each["reasons"]:
                step = "why" if each["read"] or reason["code"] == "set_aside" else "not_read"
                key = f"{step} {place} {reason['code']} {reason['text']['en']}"
                yield _step(step, "reporting", at, reason["text"], key=key, code=reason["code"])

    def _tell(self, steps: list[Step]) -> None:
        for step in sorted(steps, key=lambda step: (step["step"] in {"why", "not_read"}, str(step["at"]))):
            key = step.pop("key")
            if key in self._told:
                continue
            self._told.add(key)
            if self._shape == "json":
                write_json({**step, "event": self._event_id})
            else:
                write_text(str(step["at"]), step["service"], "", _COLOURS.get(step["step"], ""), in_words(step["text"]))


_SPANS = {"events_recorded", "events_published", "records_taken"}


def _step(step: str, service: str, at: str, text: Any, *, key: str | None = None, **facts: Any) -> Step:
    return {"key": key or f"{step} {service}", "at": at, "service": service, "step": step, "text": text, **facts}


def _now() -> str:
    return rfc3339(datetime.now(UTC))


def _at_the_door(name: str, trace: dict[str, Any]) -> Iterator[Step]:
    for event in trace["events"]:
        text = f"accepted {event['source']} at position {event['position']} for organisation {event['org_id']}"
        facts = {named: event[named] for named in ("source", "position", "org_id", "entries")}
        yield _step("accepted", name, event["recorded_at"], text, key=f"accepted {name} {event['position']}", **facts)
        yield from _corrected(name, event)
    for letter in trace["dead_letters"]:
        yield _letter(name, letter)


def _corrected(name: str, event: dict[str, Any]) -> Iterator[Step]:
    """What it took the place of, and what has taken its place."""
    if event.get("corrects"):
        text = {
            "en": f"it takes the place of event {event['corrects']}, or withdraws it",
            "fr": f"il prend la place de l'événement {event['corrects']}, ou le retire",
        }
        yield _step("corrects", name, event["recorded_at"], text, key=f"corrects {name} {event['position']}")
    if by := event.get("corrected_by"):
        done = ("withdrawn", "retiré") if event["withdrawn"] else ("corrected", "corrigé")
        text = {
            "en": f"{done[0]} by event {by}: it counts in nothing any more; follow that one",
            "fr": f"{done[1]} par l'événement {by} : il ne compte plus; suivez celui-là",
        }
        yield _step("corrected", name, event["corrected_at"], text, key=f"corrected {name} {event['position']}")


def _letter(name: str, letter: dict[str, Any]) -> Step:
    """Refused at the door, or set aside by who listens; and what has become of the dead letter since."""
    detail, id_ = letter["problem"].get("detail") or {"en": "", "fr": ""}, f"{name}:{letter['id']}"
    code, after = letter["problem"].get("code"), _became(letter)
    listening = letter["door"] == "listening"
    en, fr = (
        (
            f"set aside by {name}, which listens to {letter['topic']}",
            f"mis au rebut par {name}, qui écoute {letter['topic']}",
        )
        if listening
        else (f"rejected by the door {letter['door']}", f"rejeté à la porte {letter['door']}")
    )
    text = {
        "en": f"{en}, {code}: {detail['en']} (dead letter {id_}{after['en']})",
        "fr": f"{fr}, {code} : {detail['fr']} (rebut {id_}{after['fr']})",
    }
    key = f"rejected {id_} {letter['state']} {letter['replays']} {bool(letter['accepted_since'])}"
    step = "set_aside" if listening else "rejected"
    return _step(step, name, letter["received_at"], text, key=key, dead_letter=id_, code=code)


def _became(letter: dict[str, Any]) -> dict[str, str]:
    since, replays = letter["accepted_since"], letter["replays"]
    if letter["state"] == "dropped":
        return {"en": ", dropped", "fr": ", retiré"}
    if letter["state"] == "accepted":
        return {"en": ", accepted by a replay", "fr": ", accepté par une reprise"}
    if since:
        place = since["position"]
        return {"en": f", accepted since at position {place}", "fr": f", accepté depuis à la position {place}"}
    return {"en": f", replayed {replays} times", "fr": f", repris {replays} fois"} if replays else {"en": "", "fr": ""}


def _published(name: str, event: dict[str, Any], log: dict[str, Any]) -> Iterator[Step]:
    position = event["position"]
    if event["published"]:
        topics = ", ".join(sorted({entry["topic"] for entry in event["entries"]})) or "its topic"
        text = f"position {position} is in Kafka, on {topics}"
        yield _step("published", name, event["recorded_at"], text, key=f"published {name} {position}")
    else:
        text = f"position {position} is not in Kafka yet: the relay has published up to {log['published']} of {log['position']}; Kafka is away, or it lags"
        yield _step("not_published", name, _now(), text, key=f"not published {name} {position}")


def _holds(line: Line, name: str, position: int) -> tuple[str, str, str, str] | None:
    """What a line says of a position of a service's log, as the beginning of a step; None where it says nothing."""
    fields = line.fields
    if line.event == "records_taken":
        span = (fields.get("spans") or {}).get(name)
        if not span or not span[0] <= position <= span[1]:
            return None
        return (
            "taken",
            line.service,
            line.at,
            f"group {fields.get('group')} took {name}'s positions {span[0]} to {span[1]}",
        )
    first, last = fields.get("first"), fields.get("last")
    if line.service != name or first is None or last is None or not first <= position <= last:
        return None
    if line.event == "events_published":
        return "relayed", name, line.at, f"the relay published positions {first} to {last}"
    warnings = ", ".join(f"{number} {code}" for code, number in (fields.get("warnings") or {}).items())
    warned = f", with warnings {warnings}" if warnings else ""
    counts = (
        f"{fields.get('accepted')} accepted, {fields.get('duplicate')} duplicate, {fields.get('rejected')} rejected"
    )
    return (
        "answered",
        name,
        line.at,
        f"the door {fields.get('door')} answered positions {first} to {last} ({counts}{warned})",
    )
