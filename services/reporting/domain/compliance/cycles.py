"""What is to be done annually, and by when (Policy on Service, 7.1, 7.5: annually; the text gives no number of days)."""

from datetime import date, timedelta

from services.reporting.domain.compliance.facts import Facts, Record
from services.reporting.domain.compliance.settings import Settings
from services.reporting.domain.compliance.verdict import Outcome
from services.reporting.domain.compliance.years import fiscal_year, last_day, years_after


def due_after(last: date, settings: Settings) -> date:
    """The last day for the next time: in the next fiscal year, and no more than a year after the last."""
    following = fiscal_year(last_day(fiscal_year(last)) + timedelta(days=1))
    return min(last + timedelta(days=settings.annual_days), last_day(following))


def first_due(since: date, settings: Settings) -> date:
    return years_after(since, settings.first_due_years)


def last_of(facts: Facts, kind: str, as_of: date) -> Record | None:
    """The newest record of a kind by a day."""
    found = facts.of(kind, as_of)
    return found[-1] if found else None


def annual(last: date | None, since: date, as_of: date, settings: Settings) -> tuple[Outcome, date]:
    """Whether what is to be done annually was, and by when it is to be done next. Never done is not known."""
    if last is None:
        return "unknown", first_due(since, settings)
    due = due_after(last, settings)
    return ("met" if as_of <= due else "failed"), due
