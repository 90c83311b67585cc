"""What a hundred departments report of 1,750 services and of how they manage them, as the inventory and feedback publish it; and what
some requirements come to, by construction.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from bench.events import Record

SERVICES = 1_750
AS_OF = date(2019, 3, 31)
_BEGIN = datetime(2018, 6, 1, 12, tzinfo=UTC)
_YEARS = ("2016-2017", "2017-2018", "2018-2019")
_AREAS = ["redesign", "usability", "channel_integration", "mobile"]
_POINTS = ("account_registration", "authentication", "application", "decision", "issuance", "issue_resolution_feedback")
_CASES = 20  # of each organisation
Published = tuple[str, Record]  # its topic, and the record


@dataclass(slots=True)
class Reports:
    """Everything published, in order; and of 7.1, 7.4 and 7.5 the numerator and denominator of each organisation on the day."""

    org_ids: list[str]
    published: list[Published] = field(default_factory=list)
    expected: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    _positions: dict[str, int] = field(default_factory=lambda: {"inventory": 0, "feedback": 0})

    def add(self, service: str, topic: str, org: str, key: str, name: str, data: dict[str, Any]) -> Published:
        """One more record of a service's log."""
        self._positions[service] += 1
        position = self._positions[service]
        moment = (_BEGIN + timedelta(seconds=position)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        kind = f"guichet.{service}.{name}.v1"
        event = {
            "specversion": "1.0",
            "id": str(position),
            "recordedat": moment,
            "source": f"/services/{service}",
            "type": kind,
            "subject": key,
            "time": moment,
            "org": org,
            "causedby": f"{service}-{position}",
            "causedbysource": f"/organizations/{org}/bench",
            "data": data,
        }
        record = Record(key.encode(), orjson.dumps(event), (("ce_type", kind.encode()), ("ce_id", b"%d" % position)))
        self.published.append((topic, record))
        return self.published[-1]

    def said(self, org: str, kind: str, on: str | None, key: str, **fields: Any) -> Published:
        """One stewardship record."""
        data = {"record_id": f"{kind}/{key}", "kind": kind, "version": 1, "on": on, "fields": {"on": on, **fields}}
        return self.add("inventory", "inventory.stewardship.v1", org, org, "StewardshipRecorded", data)


def reports(org_ids: list[str], services: int = SERVICES) -> Reports:
    """Three years of an inventory, what is recorded of each priority service and each department, and feedback."""
    found = Reports(org_ids)
    for number in range(services):
        _service(found, number, org_ids[number % len(org_ids)])
    for number, org in enumerate(org_ids):
        own = range(number, services, len(org_ids))
        _department(found, number, org)
        _feedback(found, number, org)
        priority = [each for each in own if each % 3 == 0]
        found.expected[org, "7.1"] = (len(own) if number % 2 == 0 else 0), len(own)
        found.expected[org, "7.4"] = sum(each % 2 == 0 for each in priority), len(priority)
        found.expected[org, "7.5"] = int(number % 4 != 0), 1
    return found


def _service(found: Reports, number: int, org: str) -> None:
    service, standard = f"B{number:05}", f"B{number:05}-1"
    for year in _YEARS:
        fields = {
            "dialect": "collection",
            "fiscal_year": year,
            "service_id": service,
            "service_name_en": service,
            "service_name_fr": service,
            "service_description_en": "What it does",
            "service_description_fr": "Ce qu'il fait",
            "service_type": ["RES"],
            "service_scope": ["EXTERN"],
            "client_target_groups": ["PERSON"],
            "service_fee": "N",
            "num_applications_online": 1000,
            "program_name_en": "A program",
            "program_name_fr": "Un programme",
            "priority": {"designated": number % 3 == 0},
            **{f"os_{point}": "Y" if (number + n) % 5 else "N" for n, point in enumerate(_POINTS)},
        }
        valid = {"fiscal_year": year, "valid_from": f"{year[:4]}-04-01", "version": 1}
        row = {
            "service_id": service,
            **valid,
            "name": {"en": service, "fr": service},
            "priority": number % 3 == 0,
            "fields": fields,
        }
        found.add("inventory", "inventory.services.v1", org, service, "ServiceRecorded", row)
        said = {"service_id": service, "service_standard_id": standard, "type": "TML", "channel": "ONL", "target": 0.8}
        data = {
            "service_id": service,
            "standard_id": standard,
            **valid,
            "name": {"en": standard, "fr": standard},
            "kind": "TML",
            "channel": "ONL",
            "target": 0.8,
            "measure": None,
            "fields": said,
        }
        found.add("inventory", "inventory.services.v1", org, service, "ServiceStandardRecorded", data)
    if number % 3 == 0:
        _priority_service(found, number, org, service, standard)


def _priority_service(found: Reports, number: int, org: str, service: str, standard: str) -> None:
    areas = _AREAS if number % 2 == 0 else _AREAS[:2]
    found.said(
        org, "service_review_completed", "2017-05-01", service, service_id=service, areas=areas, recommendations=[]
    )
    about = {"service_id": service, "service_standard_id": standard, "venue": "canada.ca"}
    url = {"en": "https://www.canada.ca/en", "fr": "https://www.canada.ca/fr"}
    found.said(org, "standard_published", "2016-05-01", standard, **about, url=url)
    found.said(org, "real_time_published", "2016-05-01", standard, **about, url=url, cadence="P7D")
    observed = {"service_id": service, "service_standard_id": standard, "as_of": "2019-03-28T12:00:00Z", "value": 0.9}
    found.said(org, "real_time_observed", "2019-03-28", standard, **observed)


def _department(found: Reports, number: int, org: str) -> None:
    if number % 2 == 0:
        found.said(org, "inventory_confirmed", "2018-05-01", "2018-2019", fiscal_year="2018-2019", confirmed_by="DH")
    if number % 4:
        parts = ["objectives", "governance", "risks", "priorities", "alignment"]
        span = {"from": "2018-04-01", "to": "2021-03-31"}
        strategy = {"strategy_id": "S", "approved_by": "DH", "parts": parts}
        found.said(org, "strategy_approved", "2018-04-01", "S", **strategy, **span)
        found.said(org, "strategy_progress_measured", "2019-03-01", "S-1", strategy_id="S", fiscal_year="2018-2019")
    elements = ["awareness", "how_to", "measurement"]
    found.said(org, "engagement_approach_published", "2016-04-01", "E", **{"from": "2016-04-01"}, elements=elements)
    found.said(
        org, "feedback_mechanism_published", "2016-04-01", "F", services="all", channels=["ONL"], accessible=True,
        url={"en": "https://www.canada.ca/en", "fr": "https://www.canada.ca/fr"},
    )  # fmt: skip
    for person in range(5):
        found.said(org, "provider_appointed", "2015-01-01", f"P{person}", provider_id=f"P{person}")
        for topic in ("service_knowledge", "client_service_excellence"):
            learning = {"provider_id": f"P{person}", "topic": topic, "form": "formal"}
            found.said(org, "learning_offered", "2018-10-01", f"P{person}/{topic}", **learning)


def _feedback(found: Reports, number: int, org: str) -> None:
    for case in range(_CASES):
        name, received = f"F{number}-{case}", datetime(2018, 9, 1, 12, tzinfo=UTC) + timedelta(days=case)
        due, stopped = received + timedelta(days=30), received + timedelta(days=10)
        about = {
            "feedback_id": name,
            "service_id": f"B{number:05}",
            "kind": "complaint",
            "received_at": received.isoformat(),
        }
        promises = {"resolve": {"due_at": due.isoformat(), "own": False}, "target": 0.8}
        key = f"{org}/{name}"
        found.add("feedback", "feedback.cases.v1", org, key, "FeedbackRecorded", {**about, "promises": promises})
        resolve = {"due_at": due.isoformat(), "stopped_at": stopped.isoformat(), "met": True, "own": False}
        change = {"from_state": "received", "to_state": "resolved", "changed_at": stopped.isoformat()}
        told = {**about, **change, "promises": {"resolve": resolve, "target": 0.8}}
        found.add("feedback", "feedback.cases.v1", org, key, "FeedbackStateChanged", told)
