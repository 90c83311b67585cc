"""The annual update as a task: what was reported last year and is not yet, what is doubtful, what changed, what is left. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported
from shared.official import checks, comparing
from shared.official.findings import Remark

Key = comparing.Key
Year = Mapping[Key, comparing.Fields]
_ORDER = {"error": 0, "warning": 1, "suggestion": 2}


def before(fiscal_year: str) -> str:
    """The fiscal year before: `2024-2025` of `2025-2026`."""
    first = int(fiscal_year[:4])
    return f"{first - 1}-{first}"


def progress(this: Year, last: Year, gone: frozenset[str]) -> dict[str, Any]:
    """How many of last year's things are reported again; `gone`: services that were retired or transferred since."""
    due = {key for key in last if key[0] not in gone}
    return {"reported": len(this), "last_year": len(last), "due": len(due), "missing": len(due - this.keys())}


def missing(this: Year, last: Year, gone: frozenset[str]) -> list[dict[str, Any]]:
    """What was reported last year and is not this year, by its key, with its name."""
    return named(last, (key for key in last.keys() - this.keys() if key[0] not in gone))


def named(year: Year, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Things of a year by their keys, with their names."""
    return comparing.compare({key: year[key] for key in sorted(keys)}, {})["removed"]  # type: ignore[no-any-return]


def findings(services: Year, standards: Year, earlier: Sequence[Year], today: date) -> list[dict[str, Any]]:
    """Everything doubtful about a year, the most severe first; `earlier`: services of the years before, the last one last."""
    models = {key: ServiceReported.kept(fields) for key, fields in services.items()}
    found = [
        (key, remark) for key, service in models.items() for remark in of_service(service, _of(earlier, key), today)
    ]
    for key, fields in standards.items():
        standard = ServiceStandardReported.model_validate(fields)
        found += [(key, remark) for remark in of_standard(standard, models.get(key[:1]))]
    answers = [finding(remark, key) for key, remark in found]
    return sorted(answers, key=lambda each: (_ORDER[each["severity"]], each["service_id"], each["issue"]))


def of_service(service: ServiceReported, earlier: Sequence[ServiceReported], today: date) -> Iterator[Remark]:
    yield from checks.of_year(service.fiscal_year, today)
    yield from checks.texts_and_codes(service, frozenset(type(service).model_fields))
    yield from checks.of_service(service)
    yield from checks.beside_earlier(service, earlier)
    if service.priority is None:
        yield Remark("no_priority_decision", "priority")


def of_standard(standard: ServiceStandardReported, service: ServiceReported | None) -> Iterator[Remark]:
    yield from checks.texts_and_codes(standard, frozenset(type(standard).model_fields))
    yield from checks.of_standard(standard, service)


def finding(remark: Remark, key: Key) -> dict[str, Any]:
    return {
        "issue": remark.code,
        "severity": remark.severity,
        "service_id": key[0],
        "service_standard_id": key[1] if len(key) > 1 else None,
        "field": remark.field,
        "text": remark.text.model_dump(),
    }


def _of(earlier: Sequence[Year], key: Key) -> list[ServiceReported]:
    return [ServiceReported.kept(year[key]) for year in earlier if key in year]
