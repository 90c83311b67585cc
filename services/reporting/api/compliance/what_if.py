"""What if another rule set were in force, or a setting were another number: the verdicts that would differ, and why."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.reporting import store
from services.reporting.api.compliance.asking import (
    AsIf,
    AsOf,
    KnownAt,
    Reader,
    RuleSet,
    changes_of,
    organization_of,
    question,
)
from services.reporting.api.compliance.evidence import settings_shown
from services.reporting.api.compliance.showing import shown
from services.reporting.api.performance import today
from services.reporting.domain.compliance import SUCCESSORS, Rules, rule_of, rule_version
from services.reporting.domain.compliance.asking import Question
from services.reporting.domain.compliance.changing import Difference, compared
from services.reporting.domain.compliance.verdict import Unit, Verdict
from services.reporting.handlers.judging import answers, facts_of
from services.reporting.handlers.knowing import knowledge, with_decisions
from shared.problems import Refused, problem
from shared.reading import answer

router = APIRouter(tags=["compliance"])

Set = Annotated[
    list[str] | None, Query(alias="set", description="a changed setting, such as review_years=3; repeatable")
]
Other = Annotated[Rules | None, Query(description="the other rule set; that of `rules` if absent")]


@router.get(
    "/v1/compliance/{org_id}/what-if", summary="Which verdicts would differ by other rules or settings, and why"
)
async def what_if(
    request: Request,
    reader: Reader,
    org_id: str,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    rules: RuleSet = None,
    other: Other = None,
    as_if_in_force: AsIf = False,
    set_: Set = None,
) -> Response:
    organization_of(org_id, reader)
    day = as_of or today()
    async with store.one_state(request.app.state.pool) as connection:
        known = await knowledge(connection, known_at)
        cut = await with_decisions(connection, known, org_id)
        asked = question(org_id, day, cut, rules, as_if_in_force=as_if_in_force)
        facts = await facts_of(connection, asked)
    # A rule set that is compared with another is judged as if it were in force: else there would be nothing to compare.
    as_if = as_if_in_force or (other is not None and other != asked.rules)
    then = question(org_id, day, cut, other or asked.rules, changes_of(set_ or ()), as_if_in_force=as_if)
    _check(then)
    found = compared(answers(asked, facts), answers(then, facts), SUCCESSORS)
    body = {
        "org_id": org_id,
        "as_of": day,
        **known.as_dict(),
        "rules": asked.rules,
        "rule_version": rule_version(asked.rules),
        "other_rules": then.rules,
        "other_rule_version": rule_version(then.rules),
        "settings": [each for each in settings_shown(then.settings) if each["value"] != each["default"]],
        "differences": [_difference(asked, then, each) for each in found],
    }
    return answer(request, body)


def _check(asked: Question) -> None:
    """Raises Refused where a setting is none of ours."""
    try:
        _ = asked.settings
    except ValueError as error:
        english, _, french = str(error).partition(" | ")
        raise Refused(problem("invalid_request", f"set: {english}.", f"set : {french}.", "set")) from None


def _difference(asked: Question, then: Question, found: Difference) -> dict[str, Any]:
    return {
        "requirement": found.requirement,
        "from": _side(asked, found.before),
        "to": _side(then, found.now),
        "units": _units(found.before, found.now),
    }


def _side(asked: Question, found: Verdict | None) -> dict[str, Any] | None:
    return None if found is None else {**shown(asked, found), "rule": rule_of(asked.rules, found.requirement)}


def _units(before: Verdict | None, now: Verdict | None) -> list[dict[str, Any]]:
    """The things that are judged otherwise: why a verdict differs."""
    if before is None or now is None or before.requirement in {"7.2", "PSD-4.1.33"}:
        return []
    olds, news = _outcomes(before.units), _outcomes(now.units)
    return [
        {"id": name, "from": olds.get(name), "to": news.get(name)}
        for name in sorted(olds.keys() | news.keys())
        if olds.get(name) != news.get(name)
    ]


def _outcomes(units: Sequence[Unit]) -> dict[str, str]:
    return {unit.name: unit.outcome for unit in units}
