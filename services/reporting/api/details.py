"""What more can be said of the figures of one service: open cases counted in, early warning, where they come from, and what to
expect.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.reporting import store
from services.reporting.domain import including_open, warning
from services.reporting.domain.compliance.years import first_day, fiscal_year, year_before
from services.reporting.domain.expecting import expect
from services.reporting.domain.figures import FEWEST_SHOWN, Standard, Tally, Window
from services.reporting.domain.including_open import Counted, Ended, Open, Ruler, counted, ruler
from services.reporting.domain.outlook import Day, outlook
from services.reporting.domain.sources import SOURCES, filed, results, without_few
from shared.contracts.measure import Measure
from shared.database import Connection
from shared.ownership import day_in_ottawa

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Details:
    """What one service's cells and log say beside its figures, by standard and channel."""

    span: Window
    ended: Mapping[tuple[str, str, str], Sequence[Ended]]
    open: Mapping[Key, Sequence[Open]]
    days: Mapping[Key, Sequence[Day]]
    limits: Mapping[str, Ruler]
    reported: Sequence[Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]

    def add_to(
        self,
        items: Sequence[dict[str, Any]],
        tallies: Sequence[Tally],
        now: datetime,
        as_of: datetime | None,
        *,
        public: bool,
    ) -> None:
        """Add to each figure what more can be said of it."""
        for item, tally in zip(items, tallies, strict=True):
            item.update(self._of(item, tally, now, as_of, public=public))

    def _of(
        self, item: Mapping[str, Any], tally: Tally, now: datetime, as_of: datetime | None, *, public: bool
    ) -> dict[str, Any]:
        rule, found = self._counted(tally, now)
        said = (tally.met, tally.total)
        reported = results(self.reported, item, self.span)
        is_hidden = item["total"] is None or item["open"] is None
        return {
            "source_text": None if is_hidden else SOURCES[item["source"]].model_dump(),
            "including_open": including_open.answer(rule, found, said, self.span, as_of, public=public),
            "outlook": self._outlook(item, tally, now, as_of, public=public),
            "results": without_few(reported, tally.total) if public else reported,
            "filed": filed(self.rows, item),
            "expect": expect(item, rule, reported).model_dump(),
        }

    def _counted(self, tally: Tally, now: datetime) -> tuple[Ruler | None, Counted | None]:
        rule, channel = self.limits.get(tally.standard_id), tally.channel or ""
        if rule is None:
            return None, None
        ended = self.ended.get((tally.standard_id, channel, rule.unit), ())
        return rule, counted(rule, ended, self.open.get((tally.standard_id, channel), ()), self.span, now)

    def _outlook(
        self, item: Mapping[str, Any], tally: Tally, now: datetime, as_of: datetime | None, *, public: bool
    ) -> dict[str, Any]:
        days = self.days.get((tally.standard_id, tally.channel or ""), ())
        timed = tally.standard_id in self.limits and item["source"] != "reported_results"
        found = outlook(days, item["target"], tally.open_late, day_in_ottawa(now), timed=timed)
        few = 0 < found.total < FEWEST_SHOWN or item["total"] is None or item["open"] is None
        return warning.answer(found, item["target"], as_of, shown=not (public and few))


async def details_of(
    connection: Connection, service_id: str, org_id: str, standards: Iterable[Standard], span: Window, today: date
) -> Details:
    """Read in the caller's snapshot."""
    year_ago = first_day(year_before(fiscal_year(today)))
    return Details(
        span,
        await store.ended_cases(connection, service_id, org_id, span.first),
        await store.open_cases(connection, service_id, org_id),
        await store.counted_days(connection, service_id, org_id, year_ago),
        {each.standard_id: ruler(Measure.model_validate(each.measure)) for each in standards if each.measure},
        await store.reported_results(connection, service_id, org_id),
        await store.filed_rows(connection, service_id, org_id),
    )
