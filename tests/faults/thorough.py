"""A fifth department, which reports all there is to report and corrects it, and what moves the clocks of its cases too.

What its cells must hold the oracle does not work out; all else is checked of it as of the others.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson

from tests.faults.departments import (
    DAYS,
    DEPARTMENTS,
    FIRST,
    ORGANIZATIONS,
    PLANTED,
    THOROUGH,
    Department,
    Pending,
    reported,
    services_of,
    words,
)
from tests.faults.history import Event

Data = dict[str, Any]
_URL = {"en": "https://example.org/en", "fr": "https://example.org/fr"}
_ANY_NUMBER = 1_000_000
# The share of what the others report too: a day off has all that is open measured again, and is rare.
_PLAIN = {"status": 0.9, "feedback": 0.3, "inventory": 0.3}
# Some of those who report nothing: each is judged for the first time because of what it was given.
GIVEN_TO = [each for each in ORGANIZATIONS if each not in DEPARTMENTS][:24]


def _live(service_id: str) -> dict[str, str]:
    """Our own pages of a service."""
    return {language: f"https://example.org/{language}/services/{service_id}" for language in ("en", "fr")}


# As a fault of ours would do it to some events, and a quicker transaction to others. Of three tries, one after the other, one
# always draws a multiple of three; a rollback gives no draw back.
UNLUCKY = (
    "create or replace function unlucky() returns trigger language plpgsql as $$ begin raise exception 'unlucky'; end $$",
    """
    create or replace trigger unlucky before insert on received_event for each row
    when (new.event_id like '%-unlucky') execute function unlucky()
    """,
    "create sequence if not exists race",
    """
    create or replace function outrun() returns trigger language plpgsql security definer as $$ begin
        if nextval('race') % 3 <> 0 then raise unique_violation; end if;
        return new;
    end $$
    """,
    """
    create or replace trigger outrun before insert on received_event for each row
    when (new.event_id like '%-outrun') execute function outrun()
    """,
)


class Thorough(Department):
    def __init__(self, service: str, door: str, seed: str) -> None:
        super().__init__(THOROUGH, service, door, seed)

    def _case(self) -> Iterator[Pending]:
        if self._rng.random() < _PLAIN[self.service]:
            for event, body in super()._case():
                event.about = None
                yield event, body
            return
        self._number += 1
        makes: dict[str, tuple[Callable[[str], Iterator[Pending]], ...]] = {
            "status": (self._day_off,),
            "feedback": (self._complaint, self._improvement, self._resolution_time),
            "inventory": (self._record, self._record, self._record, self._measure, self._retirement, self._transfer),
        }
        case, luck = self._rng.choice(makes[self.service])(f"{self._prefix}-{self._number}"), self._rng.random()
        if luck < 0.1:
            yield self._unlucky(*next(case))
        elif luck < 0.15 and self.door == "kafka":
            yield self._outrun(*next(case))
        else:
            yield from case

    def _day_off(self, name: str) -> Iterator[Pending]:
        """Each has what is open measured again."""

        def day() -> Data:
            return {"day": self._some_day().isoformat(), "note": {"en": "A storm", "fr": "Une tempête"}}

        yield from self._and_corrected("ExceptionDayReported", name, day(), day(), most=_ANY_NUMBER)

    def _complaint(self, name: str) -> Iterator[Pending]:
        """In so many words that others are found that say the same, and by whom they are."""
        data = {
            "feedback_id": name,
            "service_id": self._service(),
            "kind": "complaint",
            "text": f"{PLANTED}: I have waited for months, and nobody could tell me why",
            "contact": f"{PLANTED}-{self._rng.randrange(20)}@example.org",
        }
        yield self._said("FeedbackReported", f"{name}-0", data)

    def _improvement(self, name: str) -> Iterator[Pending]:
        data = {
            "improvement_id": name,
            "service_id": self._service(),
            "made_on": FIRST.date().isoformat(),
            "title": words(),
        }
        yield self._said("ImprovementReported", f"{name}-before", data)
        data = {**data, "feedback_ids": [f"{name}-1", f"{name}-2"]}
        yield from self._and_corrected("ImprovementReported", name, data, {**data, "feedback_ids": []})

    def _resolution_time(self, name: str) -> Iterator[Pending]:
        """Of what is open and was received since, each is due at another time."""

        def time() -> Data:
            return {
                "kind": kind,
                "resolve_within": f"P{self._rng.randrange(2, 60)}D",
                "from": self._some_day().isoformat(),
            }

        kind = self._rng.choice(("complaint", "issue"))
        yield from self._and_corrected("ResolutionTimeReported", name, time(), time(), most=_ANY_NUMBER)

    def _record(self, name: str) -> Iterator[Pending]:
        on, service = self._some_day().isoformat(), self._service()
        data, other = self._rng.choice(
            (
                ({"kind": "provider_appointed", "provider_id": name, "on": on}, {"on": self._some_day().isoformat()}),
                ({"kind": "exclusion_documented", "service_id": service, "requirement": "7.9", "basis": "law", "reason": words()}, {"basis": "security"}),
                ({"kind": "status_access_published", "service_id": service, "url": _URL, "cadence": "P1D", "on": on}, {"cadence": "P7D"}),
                ({"kind": "real_time_published", "service_id": service, "venue": "canada.ca", "url": _live(service), "cadence": "PT1H", "on": on}, {"cadence": "P1D"}),
                ({"kind": "report_provided", "request_id": name, "on": on}, {"on": self._some_day().isoformat()}),
            )
        )  # fmt: skip
        yield from self._and_corrected("StewardshipReported", name, data, {**data, **other}, most=2)

    def _measure(self, name: str) -> Iterator[Pending]:
        """Another limit for one standard: all its cases are measured again."""
        service = self._service()

        def standard() -> Data:
            return {
                "dialect": "collection",
                "fiscal_year": "2024-2025",
                "service_id": service,
                "service_standard_id": f"{service}-1",
                "service_name_en": service,
                "service_name_fr": service,
                "target": 0.8,
                "measure": {"limit": f"P{self._rng.randrange(2, 40)}D", "days": "business", "confirmed": True},
            }

        yield from self._and_corrected("ServiceStandardReported", name, standard(), standard())

    def _retirement(self, name: str) -> Iterator[Pending]:
        yield self._new_service(name)
        data = {"service_id": f"{name}-X", "on": self._some_day().isoformat()}
        yield from self._and_corrected(
            "ServiceRetirementReported", name, data, {**data, "on": self._some_day().isoformat()}
        )

    def _transfer(self, name: str) -> Iterator[Pending]:
        yield self._new_service(name)
        data = {"service_id": f"{name}-X", "on": self._some_day().isoformat(), "to_org": self._rng.choice(GIVEN_TO)}
        other = {**data, "on": self._some_day().isoformat()}
        yield from self._and_corrected("ServiceTransferReported", name, data, other, most=2)

    def _new_service(self, name: str) -> Pending:
        service_id = f"{name}-X"
        row = {"dialect": "collection", "fiscal_year": "2024-2025", "service_id": service_id}
        names = {"service_name_en": service_id, "service_name_fr": service_id}
        return self._said("ServiceReported", f"{name}-service", {**row, **names})

    def _and_corrected(self, kind: str, event_id: str, data: Data, other: Data, *, most: int = 1) -> Iterator[Pending]:
        """A report; then, as it may be, it is corrected, and the correction withdrawn, or the report itself."""
        yield self._said(kind, event_id, data, most)
        corrections: list[Data | None] = self._rng.choice(([], [other], [None], [other, None], [None, other]))
        for corrected in corrections:
            said = {"corrects": event_id, "reason": words(), **({} if corrected is None else {"data": corrected})}
            event_id = f"{event_id}-c"
            yield self._said("ReportCorrected", event_id, said, most + 1)

    def _said(self, kind: str, event_id: str, data: Data, most: int = 1) -> Pending:
        event, body = reported(self.service, self.org_id, kind, event_id, event_id, FIRST, data)
        event.most_entries = most
        return event, body

    def _unlucky(self, event: Event, body: bytes) -> Pending:
        """What a database that has been made to fail (`UNLUCKY`) keeps a service from recording: it is refused by itself."""
        document = {**orjson.loads(body), "id": f"{event.id}-unlucky"}
        refused = Event(event.service, event.org_id, event.source, document["id"], "rejected")
        return refused, orjson.dumps(document)

    def _outrun(self, event: Event, body: bytes) -> Pending:
        """What another transaction seems to be quicker with (`UNLUCKY`). By Kafka, where one is tried after the other."""
        document = {**orjson.loads(body), "id": f"{event.id}-outrun"}
        return replace(event, id=document["id"]), orjson.dumps(document)

    def _service(self) -> str:
        return self._rng.choice(services_of(self.org_id))

    def _some_day(self) -> date:
        return FIRST.date() + timedelta(days=self._rng.randrange(DAYS))
