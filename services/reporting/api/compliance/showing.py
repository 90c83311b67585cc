"""Verdicts as they are answered."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.reporting.domain.compliance import rule_version
from services.reporting.domain.compliance.asking import Question, verdict_id
from services.reporting.domain.compliance.titles import TITLES
from services.reporting.domain.compliance.verdict import Unit, Verdict
from services.reporting.handlers.judging import body_of
from shared.organizations import organizations


def shown(question: Question, found: Verdict) -> dict[str, Any]:
    """A verdict as it is answered."""
    version = rule_version(question.rules)
    return {
        "requirement": found.requirement,
        "title": TITLES[found.requirement].model_dump(),
        "state": found.state,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "excluded": found.excluded,
        "due_on": found.due_on,
        "explanation": found.explanation.model_dump(),
        "checks": [
            {"name": c.name, "state": c.state, "numerator": c.numerator, "denominator": c.denominator}
            for c in found.checks
        ],
        "rule_version": version,
        "verdict_id": verdict_id(question, found.requirement, version),
    }


def shown_all(question: Question, found: Sequence[Verdict]) -> dict[str, Any]:
    """An organisation's verdicts, and the question they answer."""
    organization, body = organizations()[question.org_id], body_of(question.org_id)
    return {
        "org_id": question.org_id,
        "name": organization.name.model_dump(),
        "policy_scope": body.scope,
        "voluntary": body.voluntary,
        "rules": question.rules,
        "rule_version": rule_version(question.rules),
        "as_if_in_force": question.as_if_in_force,
        "states": Counter(each.state for each in found),
        "verdicts": [shown(question, each) for each in found],
    }


def units_shown(found: Verdict) -> list[dict[str, Any]]:
    """What a verdict was made from, thing by thing; of persons no more than how each stands."""
    named = found.requirement not in {"7.2", "PSD-4.1.33"}
    return [_unit_shown(unit, named=named) for unit in found.units]


def _unit_shown(unit: Unit, *, named: bool) -> dict[str, Any]:
    return {
        "id": unit.name if named else None,
        "outcome": unit.outcome,
        "due_on": unit.due_on,
        "events": [{"service": service, "position": position} for service, position in unit.refs] if named else [],
    }
