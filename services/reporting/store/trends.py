"""What trends are made of, fiscal year by fiscal year: answers of clients, and cases within their standards."""

from datetime import date
from typing import Any

from services.reporting.domain.compliance.years import first_day, fiscal_year
from services.reporting.store.evidence import KNOWN, LAST
from services.reporting.store.reading import SERVICES_IN_FORCE
from shared.database import Connection

_YEAR = "extract(year from {day} - interval '3 months')::int"

_ANSWERS = f"""
with said as materialized (
    -- What is needed of each event, each parsed once: sorting whole events is most of the work.
    select e.org_id, d ->> 'feedback_id' as feedback_id, e.service_position, (d ->> 'received_at')::timestamptz as received_at,
           (d ->> 'rating')::int as rating, d -> 'drivers' as drivers, coalesce((d ->> 'withdrawn')::boolean, false) as withdrawn
      from logged_event e, lateral (select value::jsonb -> 'data' as d offset 0) parsed
     where e.service = 'feedback' and e.type = 'guichet.feedback.FeedbackRecorded.v1'
       and ($3::text is null or e.org_id = $3) and {KNOWN}
), newest as (
    select distinct on (org_id, feedback_id) * from said order by org_id, feedback_id, service_position desc
), elsewhere as materialized (
    -- Decisions, appeals and matters of staff are no feedback: they are counted apart.
    select e.org_id, value::json #>> '{{data,feedback_id}}' as feedback_id
      from logged_event e
     where e.service = 'feedback' and e.type = 'guichet.feedback.FeedbackStateChanged.v1'
       and ($3::text is null or e.org_id = $3) and strpos(e.value, '"recourse":"') > 0 and {KNOWN}
), counted as materialized (
    select {_YEAR.format(day="(received_at at time zone 'America/Toronto')")} as year, rating, drivers
      from newest n
     where not withdrawn and received_at < $4::date::timestamp at time zone 'America/Toronto'
       and not exists (select from elsewhere x where x.org_id = n.org_id and x.feedback_id = n.feedback_id)
)
select year, question, count(*) filter (where answer >= 4) as satisfied, count(answer) as answers,
       count(*) - count(answer) as silent
  from (select year, 'rating' as question, rating as answer from counted
        union all
        select year, key, value::int from counted, jsonb_each_text(drivers)) a
 group by 1, 2
"""


async def answers_by_year(connection: Connection, org_id: str | None, before: date) -> list[dict[str, Any]]:
    """Of feedback received before a day: by the year that a fiscal year begins in and by question, how many answered 4 or 5, how
    many answered, and how many did not.
    """
    return [dict(row) for row in await connection.fetch(_ANSWERS, LAST, None, org_id, before)]


_WITHIN = f"""
select {_YEAR.format(day="day")} as year, service_id, standard_id, channel, sum(met)::bigint as met, sum(total)::bigint as total,
       sum(withdrawn + closed_undecided)::bigint as excluded
  from views_1.performance_cell c
  left join ({SERVICES_IN_FORCE.format(day="$2::date")}) s using (service_id, org_id)
 where ($1::text is null or org_id = $1) and (day < $3::date or s.service_id is not null)
 group by 1, 2, 3, 4 having sum(total) > 0 or sum(withdrawn + closed_undecided) > 0
"""


async def within_by_year(connection: Connection, org_id: str | None, today: date) -> list[dict[str, Any]]:
    """Cases and reported outputs of each year, standard and channel, as the live figures count them: how many met their
    standard, of how many. A year that has ended keeps what it had, whose ever the service is now.
    """
    begun = first_day(fiscal_year(today))
    return [dict(row) for row in await connection.fetch(_WITHIN, org_id, today, begun)]
