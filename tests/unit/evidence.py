"""Recorded events as evidence of compliance, for tests: of one organisation unless said, recorded one a minute."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from guichet.inventory_files import read
from services.inventory.domain import record_service, record_standard
from services.reporting.domain.compliance import evaluate, rules_in_force
from services.reporting.domain.compliance.facts import Body, Entry, Facts
from services.reporting.domain.compliance.folding import fold
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Verdict
from shared.contracts.reported.inventory import ServiceReported

ORG = "9001"
BEGIN = datetime(2014, 10, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 1, tzinfo=UTC)
POINTS = ("account_registration", "authentication", "application", "decision", "issuance", "issue_resolution_feedback")
DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public inventory files are not at ../shared/data")


class Log:
    """The logs of the services, written one event after the other."""

    def __init__(self, org_id: str = ORG) -> None:
        self.org_id, self.entries = org_id, list[Entry]()

    def add(self, name: str, data: dict[str, Any], *, service: str = "inventory", org: str | None = None) -> Entry:
        position = len(self.entries) + 1
        moment = BEGIN + timedelta(minutes=position)
        self.entries.append(Entry(service, position, name, org or self.org_id, moment, data))
        return self.entries[-1]

    def service(self, service_id: str, year: str = "2017-2018", **said: Any) -> Entry:
        """A whole row of the collection dialect; `points` a letter for each interaction point (`-`: not said)."""
        org, withdrawn = said.pop("org", None), said.pop("withdrawn", False)
        fields = row(service_id, year, **said)
        data = {"service_id": service_id, "fiscal_year": year, "valid_from": f"{year[:4]}-04-01", "fields": fields}
        return self.add("ServiceRecorded", {**data, "withdrawn": withdrawn}, org=org)

    def standard(self, service_id: str, standard_id: str, year: str = "2017-2018", **said: Any) -> Entry:
        fields = {"service_id": service_id, "service_standard_id": standard_id, **said}
        data = {"service_id": service_id, "standard_id": standard_id, "valid_from": f"{year[:4]}-04-01"}
        return self.add("ServiceStandardRecorded", {**data, "target": said.get("target"), "fields": fields})

    def record(self, kind: str, on: str | None, key: str = "", **fields: Any) -> Entry:
        org, withdrawn = fields.pop("org", None), fields.pop("withdrawn", False)
        if on is not None and kind not in {"strategy_approved", "engagement_approach_published"}:
            fields = {"on": on, **fields}
        named = key or "/".join(str(value) for name, value in sorted(fields.items()) if name != "recommendations")
        data = {"record_id": f"{kind}/{named}", "kind": kind, "on": on, "fields": fields, "withdrawn": withdrawn}
        return self.add("StewardshipRecorded", data, org=org)

    def facts(self, body: Body | None = None, known_to: datetime = LATER, live: Any = None) -> Facts:
        return fold(body or Body(self.org_id), self.entries, known_to, live)

    def verdict(self, requirement: str, as_of: str, **settings: Any) -> Verdict:
        return judge(self.facts(), as_of, **settings)[requirement]


def row(service_id: str, year: str, **said: Any) -> dict[str, Any]:
    points = said.pop("points", "YYYYYY")
    fields = {
        "dialect": "collection",
        "fiscal_year": year,
        "service_id": service_id,
        "service_name_en": service_id,
        "service_name_fr": service_id,
        "service_description_en": "What it does",
        "service_description_fr": "Ce qu'il fait",
        "program_name_en": "A program",
        "program_name_fr": "Un programme",
        "service_type": ["RES"],
        "service_scope": ["EXTERN"],
        "client_target_groups": ["PERSON"],
        "service_fee": "N",
        "num_applications_online": 10,
        "priority": {"designated": False},
        **{f"os_{name}": {"A": "NA"}.get(letter, letter) for name, letter in zip(POINTS, points, strict=True)},
        **said,
    }
    return {name: value for name, value in fields.items() if value is not None and value != "-"}


def judge(facts: Facts, as_of: str, *, as_if: bool = False, rules: Any = None, **changes: Any) -> dict[str, Verdict]:
    day = date.fromisoformat(as_of)
    found = evaluate(rules or rules_in_force(day), facts, day, Settings(**changes), as_if_in_force=as_if)
    return {each.requirement: each for each in found}


def real(*names: str) -> dict[str, list[Entry]]:
    """What importing real files records, by organisation."""
    entries: dict[str, list[Entry]] = {}
    for position, each in enumerate(_imported(names), 1):
        name = "ServiceRecorded" if isinstance(each.data, ServiceReported) else "ServiceStandardRecorded"
        recorded = record_service(each.data, None) if name == "ServiceRecorded" else record_standard(each.data, None)
        moment = BEGIN + timedelta(seconds=position)
        entry = Entry("inventory", position, name, each.org_id, moment, recorded.model_dump(mode="json"))
        entries.setdefault(each.org_id, []).append(entry)
    return entries


def _imported(names: Iterable[str]) -> Iterable[Any]:
    for name in names:
        yield from read([DATA / f"services_{name}.csv", DATA / f"standards_{name}.csv"]).to_send
