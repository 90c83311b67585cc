"""Four departments and what they report: seeded cases whose outcome a plain oracle can work out.

Of what is sent, a tenth is sent again, one in fifty comes out of order, one in a hundred is invalid, and as many correct
what was said before. What a person might have written is planted: none of it may be found outside its own database.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from shared.organizations import organizations
from tests.faults.history import Event

ORGS = ("9001", "9002", "9003", "9004")
THOROUGH = "9005"  # what it reports is in thorough.py
DEPARTMENTS = (*ORGS, THOROUGH)
ORGANIZATIONS = tuple(each.org_id for each in organizations().values() if each.fictional)
DOORS = ("http", "kafka")
SERVICES = ("inventory", "feedback", "status")
AGAIN, LATE, INVALID, CORRECTED = 0.10, 0.02, 0.01, 0.01
FIRST, DAYS = datetime(2025, 1, 6, 14, tzinfo=UTC), 120  # cases begin within so many days
PLANTED = "zqxplanted"
_CHANNELS = ("ONL", "TEL", "PERSON")


@dataclass(slots=True)
class Case:
    """An application or a feedback case: its events by id, as (state, time); what was withdrawn is gone from it."""

    org_id: str
    case_id: str
    service_id: str
    channel: str
    told: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says of its case: `state` at `at`; `corrects` an earlier event's id, with `state` or withdrawing it."""

    case: Case
    state: str | None
    at: datetime
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A result that no application shows, of the days from `first` to `day`; `corrects` an earlier one, or withdraws it."""

    service_id: str
    standard_id: str
    channel: str
    first: str
    day: str
    met: int
    total: int
    corrects: str | None = None
    withdrawn: bool = False


def services_of(org_id: str) -> tuple[str, str]:
    return f"F-{org_id}-A", f"F-{org_id}-B"


# Of each service: (suffix, measure, channel). The last has no measure, and results instead.
STANDARDS: tuple[tuple[str, dict[str, Any] | None, str | None], ...] = (
    ("1", {"limit": "P10D", "days": "business", "confirmed": True}, None),
    ("2", {"limit": "P20D", "days": "calendar", "starts": "complete", "ends": "issued", "confirmed": True}, None),
    ("3", {"limit": "PT72H", "confirmed": True}, "ONL"),
    ("4", None, None),
)


def inventory(org_id: str) -> Iterator[tuple[Event, bytes]]:
    """What each department's services and standards are; to be known before anything else is reported."""
    for service_id in services_of(org_id):
        names = {"service_name_en": f"Service {service_id}", "service_name_fr": f"Service {service_id}"}
        row = {"dialect": "collection", "fiscal_year": "2024-2025", "service_id": service_id, **names}
        yield reported("inventory", org_id, "ServiceReported", service_id, service_id, FIRST, row)
        for suffix, measure, channel in STANDARDS:
            standard_id = f"{service_id}-{suffix}"
            more = {"service_standard_id": standard_id, "target": 0.8, "measure": measure, "channel": channel}
            yield reported(
                "inventory", org_id, "ServiceStandardReported", standard_id, standard_id, FIRST, {**row, **more}
            )


def reported(
    service: str, org_id: str, kind: str, event_id: str, subject: str, at: datetime, data: dict[str, Any],
    about: Any = None, expected: Any = "accepted",
) -> tuple[Event, bytes]:  # fmt: skip
    source = f"/organizations/{org_id}/faults"
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"guichet.{service}.{kind}.v1",
        "time": at.isoformat(),
        "subject": subject,
        "data": data,
    }
    return Event(service, org_id, source, event_id, expected, about), orjson.dumps(body)


Pending = tuple[Event, bytes]


class Department:
    """One department's stream of events for one service by one door, the same for the same seed."""

    def __init__(self, org_id: str, service: str, door: str, seed: str, invalid: float = INVALID) -> None:
        self.org_id, self.service, self.door = org_id, service, door
        self._rng = random.Random(f"{seed}/{org_id}/{service}/{door}")
        self._prefix = f"{seed}-{org_id}-{service[0]}{door[0]}"
        self._invalid_share = invalid
        self._number = 0
        self._open: list[list[Pending]] = []
        self._sent: list[Pending] = []

    def batch(self, number: int) -> list[Pending]:
        """The next events to send, in order."""
        return [self._next() for _ in range(number)]

    def _next(self) -> Pending:
        chance = self._rng.random()
        if chance < AGAIN and self._sent:
            return self._rng.choice(self._sent)
        if chance < AGAIN + self._invalid_share and self._sent:
            return self._invalid(*self._rng.choice(self._sent))
        pending = self._good()
        self._sent = [*self._sent[-200:], pending] if len(self._sent) > 400 else [*self._sent, pending]
        return pending

    def _good(self) -> Pending:
        if len(self._open) < 5 or (len(self._open) < 300 and self._rng.random() < 0.3):
            self._open.append(list(self._case()))
        chosen = self._rng.randrange(len(self._open))
        pending = self._open[chosen].pop(0)
        if not self._open[chosen]:
            self._open[chosen] = self._open[-1]
            self._open.pop()
        return pending

    def _case(self) -> Iterator[Pending]:
        self._number += 1
        makes: dict[str, Callable[[], Iterator[Pending]]] = {
            "status": self._application,
            "feedback": self._feedback,
            "inventory": self._inventory,
        }
        return makes[self.service]()

    def _begin(self) -> datetime:
        return FIRST + timedelta(seconds=self._rng.randrange(DAYS * 86_400))

    def _application(self) -> Iterator[Pending]:
        rng, at = self._rng, self._begin()
        case = Case(
            self.org_id, f"{self._prefix}-{self._number}", rng.choice(services_of(self.org_id)), rng.choice(_CHANNELS)
        )
        course = list(_course(rng, at))
        if rng.random() < LATE * 3 and len(course) > 2:
            first = rng.randrange(1, len(course) - 1)
            course[first], course[first + 1] = course[first + 1], course[first]
        yield from (self._step(case, number, state, when) for number, (state, when) in enumerate(course))
        if rng.random() < CORRECTED * 5:
            yield self._correction(case, *max(enumerate(course), key=lambda each: each[1][1]))

    def _step(self, case: Case, number: int, state: str, at: datetime) -> Pending:
        data = {
            "application_id": case.case_id,
            "service_id": case.service_id,
            "state": state,
            "channel": case.channel,
            "client_id": f"{PLANTED}-client-{case.case_id}",
            **({"outcome": "refused", "reason": words()} if state == "decided" else {}),
        }
        event_id = f"{case.case_id}-{number}"
        return reported(
            "status", self.org_id, "ApplicationStatusReported", event_id, case.case_id, at, data, Said(case, state, at)
        )

    def _correction(self, case: Case, number: int, last: tuple[str, datetime]) -> Pending:
        """The last report is withdrawn, or happened a day later."""
        corrects, (state, at) = f"{case.case_id}-{number}", last
        data: dict[str, Any] = {"corrects": corrects, "reason": words()}
        withdrawn = self._rng.random() < 0.5
        if not withdrawn:
            at += timedelta(days=1)
            said = {"application_id": case.case_id, "service_id": case.service_id, "state": state}
            data["data"] = {**said, "channel": case.channel}
        about = Said(case, None if withdrawn else state, at, corrects)
        return reported("status", self.org_id, "ReportCorrected", f"{corrects}-c", case.case_id, at, data, about)

    def _feedback(self) -> Iterator[Pending]:
        rng, at = self._rng, self._begin()
        case = Case(
            self.org_id, f"{self._prefix}-{self._number}", rng.choice(services_of(self.org_id)), rng.choice(_CHANNELS)
        )
        said = {"feedback_id": case.case_id, "service_id": case.service_id, "kind": rng.choice(["complaint", "issue"])}
        text = {"text": f"{PLANTED} wrote this", "channel": case.channel}
        yield reported(
            "feedback", self.org_id, "FeedbackReported", f"{case.case_id}-0", case.case_id, at, {**said, **text},
            Said(case, "received", at),
        )  # fmt: skip
        for number, state in enumerate(("acknowledged", "assigned", "resolved", "closed")[: rng.randrange(5)], 1):
            at += timedelta(hours=rng.randrange(1, 72))
            told = {"feedback_id": case.case_id, "state": state}
            more = {"resolution": words()} if state == "resolved" else {}
            yield reported(
                "feedback", self.org_id, "FeedbackHandlingReported", f"{case.case_id}-{number}", case.case_id, at,
                {**told, **more}, Said(case, state, at),
            )  # fmt: skip
            if state == "closed" and rng.random() < CORRECTED * 20:
                yield self._handled_otherwise(case, f"{case.case_id}-{number}", at)

    def _handled_otherwise(self, case: Case, corrects: str, at: datetime) -> Pending:
        """The last step is withdrawn, or was taken an hour later."""
        data: dict[str, Any] = {"corrects": corrects, "reason": words()}
        withdrawn = self._rng.random() < 0.5
        if not withdrawn:
            at += timedelta(hours=1)
            data["data"] = {"feedback_id": case.case_id, "state": "closed"}
        about = Said(case, None if withdrawn else "closed", at, corrects)
        return reported("feedback", self.org_id, "ReportCorrected", f"{corrects}-c", case.case_id, at, data, about)

    def _inventory(self) -> Iterator[Pending]:
        """A result; or what a service or a standard is, said again in other words; or a service that was none."""
        chance = self._rng.random()
        if chance < 0.85:
            return self._result()
        return self._described() if chance < 0.99 else self._mistaken()

    def _mistaken(self) -> Iterator[Pending]:
        """A service of two years, withdrawn year by year."""
        service_id, ids = f"{self._prefix}-{self._number}-X", []
        for year in ("2023-2024", "2024-2025"):
            names = {"service_name_en": service_id, "service_name_fr": service_id}
            data = {"dialect": "collection", "fiscal_year": year, "service_id": service_id, **names}
            ids.append(f"{service_id}-{year}")
            yield reported("inventory", self.org_id, "ServiceReported", ids[-1], service_id, FIRST, data)
        for corrects in reversed(ids):
            data = {"corrects": corrects, "reason": words()}
            event, body = reported(
                "inventory", self.org_id, "ReportCorrected", f"{corrects}-c", service_id, FIRST, data
            )
            event.most_entries = 2  # of its year, and of the one before, which is the newest now
            yield event, body

    def _described(self) -> Iterator[Pending]:
        service_id = self._rng.choice(services_of(self.org_id))
        first = [each for each in inventory(self.org_id) if service_id.encode() in each[1]]
        for event, body in self._rng.sample(first, self._rng.randrange(1, len(first) + 1)):
            document = orjson.loads(body)
            document["id"] = f"{self._prefix}-{self._number}-{event.id}"
            document["data"]["service_name_en"] = f"Service {service_id}, as of report {self._number}"
            yield Event(event.service, event.org_id, event.source, document["id"], "accepted"), orjson.dumps(document)

    def _result(self) -> Iterator[Pending]:
        rng = self._rng
        service_id = rng.choice(services_of(self.org_id))
        # Now and then one of the days and the channel of another, whose place it takes.
        first = FIRST.date() - timedelta(days=rng.randrange(200))
        day = (FIRST + timedelta(days=rng.randrange(DAYS))).date().isoformat()
        total = rng.randrange(1, 500)
        met = rng.randrange(total + 1)
        standard_id, event_id = f"{service_id}-4", f"{self._prefix}-{self._number}"
        channel = "ONL" if self.door == "http" else "TEL"
        data = {
            "service_id": service_id,
            "service_standard_id": standard_id,
            "from": first.isoformat(),
            "to": day,
            "channel": channel,
            "met": met,
            "total": total,
        }
        about = Result(service_id, standard_id, channel, first.isoformat(), day, met, total)
        yield reported(
            "inventory", self.org_id, "ServiceStandardResultReported", event_id, standard_id, FIRST, data, about
        )
        if rng.random() < CORRECTED * 5:
            withdrawn = rng.random() < 0.5
            if not withdrawn:
                data = {**data, "met": met // 2}
            said = {"corrects": event_id, "reason": words(), **({} if withdrawn else {"data": data})}
            corrected = replace(about, met=met // 2, corrects=event_id, withdrawn=withdrawn)
            yield reported(
                "inventory", self.org_id, "ReportCorrected", f"{event_id}-c", standard_id, FIRST, said, corrected
            )

    def _invalid(self, event: Event, body: bytes) -> Pending:
        """The same in a way that a door must refuse: other data under the same id, or wrong under another."""
        document = orjson.loads(body)
        wrong = self._rng.randrange(5)
        if wrong == 0:
            changed = {
                **document,
                "time": (datetime.fromisoformat(document["time"]) + timedelta(minutes=7)).isoformat(),
            }
            return Event(event.service, event.org_id, event.source, event.id, "rejected"), orjson.dumps(changed)
        self._number += 1
        event_id = f"{self._prefix}-{self._number}-bad"
        document["id"] = event_id
        if wrong == 1:
            document["data"] = {**document["data"], "surplus": f"{PLANTED} surplus"}
        elif wrong == 2:
            document["data"] = dict(list(document["data"].items())[1:])
        elif wrong == 3:
            document["time"] = "2999-01-01T00:00:00Z"
        else:
            document["type"] = f"guichet.{self.service}.NothingWeKnow.v1"
        return Event(event.service, event.org_id, event.source, event_id, "rejected"), orjson.dumps(document)


def words() -> dict[str, str]:
    return {"en": f"{PLANTED} because", "fr": f"{PLANTED} parce que"}


def _course(rng: random.Random, at: datetime) -> Iterator[tuple[str, datetime]]:
    """The states an application reaches, each after the one before."""

    def later(hours: int) -> datetime:
        nonlocal at
        at += timedelta(seconds=rng.randrange(60, hours * 3600))
        return at

    yield "submitted", at
    yield "complete", later(48)
    yield "in_review", later(96)
    if rng.random() < 0.25:
        yield "information_requested", later(96)
        yield "information_received", later(240)
    fate = rng.random()
    if fate < 0.08:
        yield "withdrawn", later(48)
        return
    if fate < 0.15:
        yield "closed", later(240)
        return
    yield "decided", later(rng.choice((24, 120, 400)))
    if rng.random() < 0.7:
        yield "issued", later(120)
    if rng.random() < 0.3:
        yield "closed", later(48)
