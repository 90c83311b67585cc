"""The writes of those peers that keep the tables themselves, all in one transaction with the offsets.

The log by COPY, then one statement per table and batch, keys sorted; what a relay published again is left out. The same
writes as reporting's, on the same tables, by code of its own.
"""

import math
from collections import defaultdict
from datetime import UTC, date, datetime
from hashlib import sha256

NOT_STARTED, NEVER_LATE = date(1, 1, 1), datetime(9999, 1, 1, tzinfo=UTC)
LOG_GAMMA = math.log(1.01 / 0.99)
COLUMNS = (
    "service", "service_position", "recorded_at", "position", "type", "org_id", "topic", "partition", "record_offset", "value",
)

HEAD = "update reading_head set position = position + $1 returning position - $1"
KNOWN = """
select e.service_position from unnest($1::int[], $2::bigint[], $3::bigint[]) as a (partition, first, last)
  join logged_event e on e.service = 'status' and e.partition = a.partition
   and e.service_position between a.first and a.last
 where e.recorded_at between $4 and $5
"""
ONE = """
insert into logged_event (service, service_position, recorded_at, position, type, org_id, topic, partition, record_offset, value)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
COUNTS = """
insert into views_1.event_cell as c (type, org_id, day, source_partition, events, hash)
select * from unnest($1::text[], $2::text[], $3::date[], $4::int[], $5::bigint[], $6::numeric[])
on conflict (type, org_id, day, source_partition) do update
set events = c.events + excluded.events, hash = c.hash + excluded.hash
"""
FEEDS = """
insert into views_1.feed_hour as c (org_id, service, hour, source_partition, events, last_recorded_at)
select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[], $5::bigint[], $6::timestamptz[])
on conflict (org_id, service, hour, source_partition) do update set events = c.events + excluded.events,
last_recorded_at = greatest(c.last_recorded_at, excluded.last_recorded_at)
"""
PERFORMANCE = """
insert into views_1.performance_cell as c (org_id, service_id, standard_id, channel, day, recorded_on, source_partition,
                                           met, total, withdrawn, closed_undecided, events)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::int[],
                     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
on conflict (service_id, standard_id, channel, day, recorded_on, source_partition, org_id) do update
set met = c.met + excluded.met, total = c.total + excluded.total, withdrawn = c.withdrawn + excluded.withdrawn,
    closed_undecided = c.closed_undecided + excluded.closed_undecided, events = c.events + excluded.events
"""
DURATIONS = """
insert into views_1.duration_cell as c (org_id, service_id, standard_id, channel, unit, day, bucket, source_partition, cases)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::int[], $8::int[], $9::bigint[])
on conflict (service_id, standard_id, channel, day, bucket, unit, source_partition, org_id) do update
set cases = c.cases + excluded.cases
"""
OPEN = """
insert into views_1.open_cell as c (org_id, service_id, standard_id, channel, state, started_on, late_from, source_partition, cases)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::timestamptz[], $8::int[], $9::bigint[])
on conflict (service_id, standard_id, channel, state, started_on, late_from, source_partition, org_id) do update
set cases = c.cases + excluded.cases
"""
CHANGED = """
insert into views_1.service_change (service_id, position) select id, $2 from unnest($1::text[]) as id
on conflict (service_id) do update set position = greatest(service_change.position, excluded.position)
"""
OFFSETS = """
insert into consumed (consumer, cluster_id, topic, partition, next_offset)
select $1, 'bench', $2, partition, following from unnest($3::int[], $4::bigint[]) as a (partition, following)
on conflict (consumer, cluster_id, topic, partition) do update set next_offset = excluded.next_offset
"""


async def write(connection, group, records, events):
    """Write a batch. `events` are (record, text, position, event) of those `records` that could be read."""
    async with connection.transaction():
        if events:
            await write_events(connection, events)
        following = {record.partition: record.offset + 1 for record in records}
        partitions = sorted(following)
        ends = [following[partition] for partition in partitions]
        await connection.execute(OFFSETS, group, records[0].topic, partitions, ends)


async def write_events(connection, events):
    base = await connection.fetchval(HEAD, len(events))
    fresh = {position: (record, text, position, event) for record, text, position, event in events}
    for row in await connection.fetch(KNOWN, *spans(events)):
        fresh.pop(row["service_position"], None)
    if not fresh:
        return
    rows = [
        ("status", position, event.recordedat, base + n, event.type, event.org, record.topic, record.partition, record.offset, text)
        for n, (record, text, position, event) in enumerate(fresh.values(), 1)
    ]
    if len(rows) == 1:
        await connection.execute(ONE, *rows[0])
    else:
        await connection.copy_records_to_table("logged_event", columns=COLUMNS, records=rows)
    await write_cells(connection, fold(fresh.values()), base + len(rows))


def spans(events):
    positions = defaultdict(list)
    for record, _, position, _ in events:
        positions[record.partition].append(position)
    moments = [event.recordedat for _, _, _, event in events]
    firsts, lasts = [min(each) for each in positions.values()], [max(each) for each in positions.values()]
    return list(positions), firsts, lasts, min(moments), max(moments)


async def write_cells(connection, cells, position):
    counts, feeds, performance, durations, opened, services = cells
    await connection.execute(COUNTS, *columns((*key, *values) for key, values in sorted(counts.items())))
    await connection.execute(FEEDS, *columns((*key, *values) for key, values in sorted(feeds.items())))
    if stopped := sorted((key, values) for key, values in performance.items() if any(values)):
        await connection.execute(PERFORMANCE, *columns((*key, *values) for key, values in stopped))
    for statement, cases in ((DURATIONS, durations), (OPEN, opened)):
        if some := sorted((*key, number) for key, number in cases.items() if number):
            await connection.execute(statement, *columns(some))
    await connection.execute(CHANGED, sorted(services), position)


def columns(rows):
    return list(zip(*rows, strict=True))


def fold(events):
    """What a batch adds to each table, as signed sums."""
    counts = defaultdict(lambda: [0, 0])
    feeds = {}
    performance = defaultdict(lambda: [0, 0, 0, 0, 0])
    durations, opened = defaultdict(int), defaultdict(int)
    services = set()
    for record, _, _, event in events:
        org, moment, partition, data = event.org, event.recordedat, record.partition, event.data
        today = moment.date()
        count = counts[event.type, org, today, partition]
        count[0] += 1
        count[1] += int.from_bytes(sha256(record.value).digest()[:8], "big", signed=True)
        hour = (org, "status", moment.replace(minute=0, second=0, microsecond=0), partition)
        heard = feeds.get(hour)
        feeds[hour] = (1, moment) if heard is None else (heard[0] + 1, max(heard[1], moment))
        services.add(data.service_id)
        for change in data.standards:
            case = (org, data.service_id, change.standard_id)
            for clock, sign in ((change.before, -1), (change.after, 1)):
                if clock is None:
                    continue
                channel = clock.channel or ""
                if clock.state == "stopped":
                    cell = performance[(*case, channel, clock.stopped_on, today, partition)]
                    cell[0] += sign * bool(clock.met)
                    cell[1] += sign
                    cell[4] += sign
                    durations[(*case, channel, clock.unit, clock.stopped_on, bucket(clock.elapsed), partition)] += sign
                elif clock.state == "excluded":
                    cell = performance[(*case, channel, clock.stopped_on, today, partition)]
                    cell[2 if clock.excluded_as == "withdrawn" else 3] += sign
                    cell[4] += sign
                else:
                    started, late = clock.started_on or NOT_STARTED, clock.late_from or NEVER_LATE
                    opened[(*case, channel, clock.state, started, late, partition)] += sign
    return counts, feeds, performance, durations, opened, services


def bucket(elapsed):
    if elapsed <= 100:
        return max(elapsed, 0)
    return 100 + math.ceil(math.log(elapsed / 100) / LOG_GAMMA)


async def offsets(connection, group, topic):
    """Where to go on reading, by partition."""
    rows = await connection.fetch(
        "select partition, next_offset from consumed where consumer = $1 and topic = $2", group, topic
    )
    return {row["partition"]: row["next_offset"] for row in rows}
