"""Who asks, and what: a request read into a question that has one answer for ever."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from services.reporting.domain.compliance import Rules, rules_in_force
from services.reporting.domain.compliance.asking import FIRST_DAY, LAST_DAY, Cut, Question
from shared.access import May
from shared.identity import Person
from shared.organizations import Organization, organizations
from shared.problems import Problem, Refused, problem
from shared.reading import Moment

Reader = Annotated[Person, Depends(May("officer", "deputy_head", "oversight", "auditor", "operator"))]
AsOf = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="the day asked; today if absent")]
KnownAt = Annotated[Moment | None, Query(description="as known at this moment; all that has been read if absent")]
RuleSet = Annotated[Rules | None, Query(description="the rule set; the one in force on the day if absent")]
AsIf = Annotated[bool, Query(description="judge a rule set outside its dates too")]


def organization_of(org_id: str, reader: Person) -> Organization:
    """An organisation of the reference table that a person may read of. Raises Refused."""
    if not reader.may_read(org_id):
        raise Refused(another_s(org_id))
    found = organizations().get(org_id)
    if found is None:
        raise Refused(
            problem(
                "not_found",
                f"The reference table has no organisation {org_id}.",
                f"La table de référence n'a pas d'organisation {org_id}.",
                "org_id",
            )
        )
    return found


def another_s(org_id: str) -> Problem:
    return problem(
        "forbidden",
        f"Your token holds for another organisation than {org_id}.",
        f"Votre jeton vaut pour une autre organisation que {org_id}.",
        "org_id",
    )


def question(
    org_id: str,
    as_of: date,
    cut: Cut,
    rules: Rules | None,
    changes: Mapping[str, int] | None = None,
    *,
    as_if_in_force: bool,
) -> Question:
    return Question(org_id, rules or rules_in_force(as_of), as_of, cut, as_if_in_force, dict(changes or {}))


def changes_of(said: Sequence[str]) -> dict[str, int]:
    """Changed settings, each written `name=number`. Raises Refused."""
    changes: dict[str, int] = {}
    for each in said:
        name, _, number = each.partition("=")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise Refused(
                problem(
                    "invalid_request",
                    f"set is a setting and a whole number, such as review_years=3; {each[:100]!r} is not.",
                    f"set est un paramètre et un nombre entier, tel que review_years=3; {each[:100]!r} n'en est pas un.",
                    "set",
                )
            )
        changes[name] = int(number)
    return changes
